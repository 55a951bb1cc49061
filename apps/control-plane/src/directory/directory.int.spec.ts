import { DirectoryDigestSchema, DirectoryEntrySchema, type DirectoryEntry } from '@lapidary/contracts/directory';
import { addToRoot, entryHash, formatRoot } from '@lapidary/contracts/directory-digest';
import { HoldCommandSchema, type HoldCommand } from '@lapidary/contracts/agent-protocol';
import { agentHold, directoryEntry, directoryStream } from '@lapidary/contracts/subjects';
import { inTransaction } from '@lapidary/db/transaction';
import { waitFor } from '@lapidary/kernel/wait-for';
import { OrderedReader } from '@lapidary/messaging/ordered-reader';
import { deleteStream, publishToStream } from '@lapidary/messaging/streams';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { AgentPush } from './agent-push.js';
import { confirmServing } from './confirm-serving.js';
import { readDigest } from './directory-rows.js';
import { directoryMetrics } from './metrics.js';
import { numberDirectory } from './number-directory.js';
import { DirectoryPublisher } from './publisher.js';
import { recordStampRoute, recordTenantRoute } from './record-route.js';
import { snapshotPage } from './snapshot.js';
import { verifyDirectoryStream } from './verify-stream.js';

let region: TestRegion;
const oneTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const metrics = createMetrics(directoryMetrics, { processMetrics: false });

const publisherOf = (r: TestRegion): DirectoryPublisher =>
  new DirectoryPublisher({ ...r, region: r.name, metrics, onNumbered: () => undefined });

const route = async (tenant: string, epoch: number, stamp: string | null = null): Promise<void> => {
  await inTransaction(region.dataSource, async (tx) => {
    await recordTenantRoute(tx, { kind: 'tenant', tenant, region: region.name, status: 'placed', stamp, epoch, hosts: [] }, stamp);
  });
};

/** Keeps the newest entry per key, as a router does. */
class TestRouter {
  readonly entries = new Map<string, DirectoryEntry>();
  reader: OrderedReader | undefined;

  async follow(): Promise<void> {
    this.reader = await OrderedReader.open(region.nats, {
      stream: directoryStream(region.name),
      fromSequence: 1,
      onMessage: ({ data }) => {
        const entry = DirectoryEntrySchema.parse(JSON.parse(Buffer.from(data).toString()));
        const known = this.entries.get(entry.key);
        if (!known || known.cursor < entry.cursor) this.entries.set(entry.key, entry);
      },
    });
  }

  root(): string {
    return formatRoot([...this.entries.values()].reduce((sum, e) => addToRoot(sum, entryHash(e.key, e.cursor)), 0n));
  }
}

const drained = async (publisher: DirectoryPublisher): Promise<void> => {
  while (await publisher.pass());
};

beforeEach(async () => {
  region = await openTestRegion();
});
afterEach(async () => {
  await deleteStream(region.nats, directoryStream(region.name)).catch(() => undefined);
  await region.close();
});

describe('the directory', () => {
  it('reaches a router whole and in the order of commits, under concurrent changes of few keys', async () => {
    const publisher = publisherOf(region);
    await publisher.pass();
    const router = new TestRouter();
    await router.follow();
    const stop = new AbortController();
    const leading = publisher.lead(stop.signal);
    await region.dataSource.query('CREATE TABLE epochs (tenant text PRIMARY KEY, epoch int NOT NULL)');
    await Promise.all(
      oneTo(400).map(async (i) => {
        const tenant = `t${i % 7}`;
        await inTransaction(region.dataSource, async (tx) => {
          const [row]: { epoch: number }[] = await tx.query(
            'INSERT INTO epochs AS e VALUES ($1, 1) ON CONFLICT (tenant) DO UPDATE SET epoch = e.epoch + 1 RETURNING epoch',
            [tenant],
          );
          await recordTenantRoute(tx, { kind: 'tenant', tenant, region: region.name, status: 'placed', stamp: null, epoch: row!.epoch, hosts: [] }, null);
        });
        publisher.wake();
      }),
    );
    const digest = await waitFor('the digest to be the router’s', async () => {
      const d = await readDigest(region.dataSource);
      return d.count === 7 && d.root === router.root() && (await numberDirectory(region.dataSource)).length === 0 ? d : undefined;
    }, { timeoutMs: 10_000 });
    stop.abort();
    await leading;
    const rows: { tenant: string; epoch: number }[] = await region.dataSource.query('SELECT tenant, epoch FROM epochs');
    for (const { tenant, epoch } of rows) expect(router.entries.get(`tenant/${tenant}`)?.body).toMatchObject({ epoch });
    expect(DirectoryDigestSchema.parse(digest)).toMatchObject({ region: region.name, count: 7 });
    await router.reader?.stop();
  });

  it('gives an entry a higher cursor with every change, and none to an equal body', async () => {
    await route('acme', 1);
    const [first] = await numberDirectory(region.dataSource);
    await route('acme', 1);
    expect(await numberDirectory(region.dataSource)).toEqual([]);
    await route('acme', 2);
    const [second] = await numberDirectory(region.dataSource);
    expect(second!.cursor).toBeGreaterThan(first!.cursor);
  });

  it('does not wait for a change that is under way', async () => {
    await route('slow', 1);
    await route('quick', 1);
    await inTransaction(region.dataSource, async (tx) => {
      await recordTenantRoute(tx, { kind: 'tenant', tenant: 'slow', region: region.name, status: 'placed', stamp: null, epoch: 2, hosts: [] }, null);
      expect((await numberDirectory(region.dataSource)).map((e) => e.key)).toEqual(['tenant/quick']);
    });
    expect((await numberDirectory(region.dataSource)).map((e) => e.body)).toMatchObject([{ epoch: 2 }]);
  });

  it('publishes everything anew into a stream that was deleted, and what a stream lost or never had', async () => {
    for (const i of oneTo(20)) await route(`t${i}`, 1);
    const publisher = publisherOf(region);
    await drained(publisher);
    expect(await verifyDirectoryStream(region.dataSource, region.nats, region.name)).toBe('same');
    await deleteStream(region.nats, directoryStream(region.name));
    expect(await verifyDirectoryStream(region.dataSource, region.nats, region.name)).toBe('rebuilt');
    await drained(publisher);
    // An older state over a newer one: a publisher that came to itself too late.
    await route('t3', 2);
    await drained(publisher);
    await publishToStream(region.nats, directoryEntry(region.name, 'tenant/t3'), JSON.stringify({
      key: 'tenant/t3', cursor: 1, committedAtMs: 0,
      body: { kind: 'tenant', tenant: 't3', region: 'eu', status: 'placed', stamp: null, epoch: 1, hosts: [] },
    }));
    expect(await verifyDirectoryStream(region.dataSource, region.nats, region.name)).toBe('repaired');
    await drained(publisher);
    const router = new TestRouter();
    await router.follow();
    await waitFor('the whole directory', async () => ((await readDigest(region.dataSource)).root === router.root() ? true : undefined), { timeoutMs: 5_000 });
    expect(router.entries.get('tenant/t3')?.body).toMatchObject({ epoch: 2 });
    await router.reader?.stop();
  });

  it('starts a stream anew when the database was restored', async () => {
    await route('acme', 1);
    const publisher = publisherOf(region);
    await drained(publisher);
    await region.dataSource.query(`UPDATE origin SET generation = 'restored'`);
    expect(await verifyDirectoryStream(region.dataSource, region.nats, region.name)).toBe('rebuilt');
    await drained(publisher);
    expect(await verifyDirectoryStream(region.dataSource, region.nats, region.name)).toBe('same');
  });

  it('is served in pages that add up, under the digest that routers compute', async () => {
    for (const i of oneTo(25)) await route(`t${i}`, 1);
    await inTransaction(region.dataSource, async (tx) =>
      recordStampRoute(tx, { kind: 'stamp', stamp: `${region.name}-1`, region: region.name, status: 'active', epoch: 1, frontDoors: [] }),
    );
    await drained(publisherOf(region));
    const router = new TestRouter();
    for (let after: string | null = null; ; ) {
      const page = await snapshotPage(region.dataSource, after, 10);
      for (const entry of page.entries) router.entries.set(entry.key, entry);
      after = page.next;
      if (after === null) {
        expect(page.digest).toMatchObject({ count: 26, root: router.root() });
        break;
      }
    }
    expect(router.entries.size).toBe(26);
  });
});

describe('stamps', () => {
  const stamp = (): string => `${region.name}-1`;
  const place = async (tenant: string, epoch: number): Promise<void> => {
    await region.dataSource.query(
      `INSERT INTO tenant (id, home_region, status, weight, tier, placement_epoch, hlc) VALUES ($1, $2, 'placed', 1, 'pooled', $3, '1') ON CONFLICT (id) DO NOTHING`,
      [tenant, region.name, epoch],
    );
    await region.dataSource.query('UPDATE placement SET is_current = false WHERE tenant = $1', [tenant]);
    await region.dataSource.query('INSERT INTO placement (tenant, epoch, stamp, units) VALUES ($1, $2, $3, 1)', [tenant, epoch, stamp()]);
    await route(tenant, epoch, stamp());
  };
  const pushOf = (): AgentPush => new AgentPush({ ...region, region: region.name, baseDomain: 'test', metrics });
  const addStamp = async (name: string): Promise<void> => {
    await region.dataSource.query(
      `INSERT INTO stamp (name, region, status, ring, profile, isolation, driver, capacity_units, epoch, spec) VALUES ($1, $2, 'active', 'broad', 's', 'pooled', 'local', 10, 2, '{}')`,
      [name, region.name],
    );
    await region.dataSource.query(
      `INSERT INTO stamp_observation (stamp, instance_id, epoch, last_heartbeat_at, front_door) VALUES ($1, 'i', 2, now(), 'http://a')`,
      [name],
    );
  };
  const servingAt = async (tenant: string): Promise<Date | null> => {
    const [row]: { serving_at: Date | null }[] = await region.dataSource.query('SELECT serving_at FROM placement WHERE tenant = $1 AND is_current', [tenant]);
    return row!.serving_at;
  };

  beforeEach(async () => addStamp(stamp()));

  it('hear of a placement at once; their confirmation is noted once, with an event', async () => {
    const heard: HoldCommand[] = [];
    const stop = region.nats.serveJson(agentHold(region.name, stamp()), HoldCommandSchema, (command) => {
      heard.push(command);
      return { ok: true, instanceId: 'i', stampEpoch: 2, epoch: command.epoch };
    });
    await place('acme', 1);
    const push = pushOf();
    push.enqueue(await numberDirectory(region.dataSource));
    await waitFor('the confirmation', async () => ((await servingAt('acme')) ? true : undefined), { timeoutMs: 3_000 });
    expect(heard).toMatchObject([{ tenant: 'acme', epoch: 1, hold: true }]);
    expect(await confirmServing({ ...region, region: region.name, baseDomain: 'test' }, { tenant: 'acme', epoch: 1, stamp: stamp(), stampEpoch: 2 })).toBeNull();
    const events: { type: string }[] = await region.dataSource.query('SELECT type FROM outbox');
    expect(events).toEqual([{ type: 'lapidary.tenant.serving.v1' }]);
    stop();
  });

  it('that do not answer are asked again; one of an older epoch is not believed (P-HB3)', async () => {
    await place('acme', 1);
    const push = pushOf();
    push.enqueue(await numberDirectory(region.dataSource));
    const old = region.nats.serveJson(agentHold(region.name, stamp()), HoldCommandSchema, (c) => ({ ok: true, instanceId: 'old', stampEpoch: 1, epoch: c.epoch }));
    await push.retry();
    await region.nats.connection.flush();
    expect(await confirmServing({ ...region, region: region.name, baseDomain: 'test' }, { tenant: 'acme', epoch: 1, stamp: stamp(), stampEpoch: 1 })).toBeNull();
    expect(await servingAt('acme')).toBeNull();
    old();
    const present = region.nats.serveJson(agentHold(region.name, stamp()), HoldCommandSchema, (c) => ({ ok: true, instanceId: 'i', stampEpoch: 2, epoch: c.epoch }));
    await waitFor('the confirmation', async () => {
      await push.retry();
      return (await servingAt('acme')) ? true : undefined;
    }, { timeoutMs: 5_000 });
    present();
  });

  it('that held a tenant before are told to drop it, until they have', async () => {
    await addStamp(`${region.name}-2`);
    await route('acme', 1, `${region.name}-2`);
    await place('acme', 2);
    const heard: HoldCommand[] = [];
    const stop = region.nats.serveJson(agentHold(region.name, `${region.name}-2`), HoldCommandSchema, (command) => {
      heard.push(command);
      return { ok: true, instanceId: 'j', stampEpoch: 2, epoch: 0 };
    });
    const push = pushOf();
    push.enqueue(await numberDirectory(region.dataSource));
    await waitFor('the drop', async () => {
      const [row]: { previous_stamp: string | null }[] = await region.dataSource.query(`SELECT previous_stamp FROM directory_entry WHERE key = 'tenant/acme'`);
      return row!.previous_stamp === null ? true : undefined;
    }, { timeoutMs: 3_000 });
    expect(heard).toMatchObject([{ tenant: 'acme', hold: false }]);
    stop();
  });

  it('are not overrun: 1,000 placements at once reach the agent 64 at a time', async () => {
    let atOnce = 0;
    let most = 0;
    const seen = new Set<string>();
    const stop = region.nats.serveJson(agentHold(region.name, stamp()), HoldCommandSchema, async (command) => {
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce--;
      seen.add(command.tenant);
      return { ok: true, instanceId: 'i', stampEpoch: 2, epoch: command.epoch };
    }, { inFlightMax: 5_000 });
    const push = pushOf();
    push.enqueue(oneTo(1_000).map((i) => ({ key: `tenant/t${i}`, cursor: i, stamp: stamp(), previousStamp: null,
      body: { kind: 'tenant' as const, tenant: `t${i}`, region: region.name, status: 'placed' as const, stamp: stamp(), epoch: 1, hosts: [] } })));
    await waitFor('all of them', () => (seen.size === 1_000 ? true : undefined), { timeoutMs: 15_000 });
    expect(most).toBeLessThanOrEqual(64);
    push.stop();
    stop();
  });
});

