import { HoldCommandSchema, type HoldCommand } from '@lapidary/contracts/agent-protocol';
import { agentHold } from '@lapidary/contracts/subjects';
import { inTransaction } from '@lapidary/db/transaction';
import { waitFor } from '@lapidary/kernel/wait-for';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { AgentPush } from './agent-push.js';
import { confirmServing } from './confirm-serving.js';
import { directoryMetrics } from './metrics.js';
import { numberDirectory } from './number-directory.js';
import { recordTenantRoute } from './record-route.js';

let region: TestRegion;
const oneTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const metrics = createMetrics(directoryMetrics, { processMetrics: false });

const route = async (tenant: string, epoch: number, stamp: string): Promise<void> => {
  await inTransaction(region.dataSource, async (tx) => {
    await recordTenantRoute(tx, { kind: 'tenant', tenant, region: region.name, status: 'placed', stamp, epoch, hosts: [] }, stamp);
  });
};

beforeEach(async () => {
  region = await openTestRegion();
});
afterEach(async () => region.close());

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
    const [row]: { serving_at: Date | null }[] = await region.dataSource.query(
      'SELECT serving_at FROM placement WHERE tenant = $1 AND is_current',
      [tenant],
    );
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
    await waitFor('the confirmation', async () => ((await servingAt('acme')) ? true : undefined), { timeoutMs: 60_000 });
    expect(heard).toMatchObject([{ tenant: 'acme', epoch: 1, hold: true }]);
    expect(
      await confirmServing(
        { ...region, region: region.name, baseDomain: 'test' },
        { tenant: 'acme', epoch: 1, stamp: stamp(), stampEpoch: 2 },
      ),
    ).toBeNull();
    const events: { type: string }[] = await region.dataSource.query('SELECT type FROM outbox');
    expect(events).toEqual([{ type: 'lapidary.tenant.serving.v1' }]);
    stop();
  });

  it('that do not answer are asked again; one of an older epoch is not believed (P-HB3)', async () => {
    await place('acme', 1);
    const push = pushOf();
    push.enqueue(await numberDirectory(region.dataSource));
    const old = region.nats.serveJson(agentHold(region.name, stamp()), HoldCommandSchema, (c) => ({
      ok: true,
      instanceId: 'old',
      stampEpoch: 1,
      epoch: c.epoch,
    }));
    await push.retry();
    await region.nats.connection.flush();
    expect(
      await confirmServing(
        { ...region, region: region.name, baseDomain: 'test' },
        { tenant: 'acme', epoch: 1, stamp: stamp(), stampEpoch: 1 },
      ),
    ).toBeNull();
    expect(await servingAt('acme')).toBeNull();
    old();
    const present = region.nats.serveJson(agentHold(region.name, stamp()), HoldCommandSchema, (c) => ({
      ok: true,
      instanceId: 'i',
      stampEpoch: 2,
      epoch: c.epoch,
    }));
    await waitFor(
      'the confirmation',
      async () => {
        await push.retry();
        return (await servingAt('acme')) ? true : undefined;
      },
      { timeoutMs: 60_000 },
    );
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
    await waitFor(
      'the drop',
      async () => {
        const [row]: { previous_stamp: string | null }[] = await region.dataSource.query(
          `SELECT previous_stamp FROM directory_entry WHERE key = 'tenant/acme'`,
        );
        return row!.previous_stamp === null ? true : undefined;
      },
      { timeoutMs: 60_000 },
    );
    expect(heard).toMatchObject([{ tenant: 'acme', hold: false }]);
    stop();
  });

  it('are not overrun: 1,000 placements at once reach the agent 64 at a time', async () => {
    let atOnce = 0;
    let most = 0;
    const seen = new Set<string>();
    const stop = region.nats.serveJson(
      agentHold(region.name, stamp()),
      HoldCommandSchema,
      async (command) => {
        most = Math.max(most, ++atOnce);
        await new Promise((resolve) => setImmediate(resolve));
        atOnce--;
        seen.add(command.tenant);
        return { ok: true, instanceId: 'i', stampEpoch: 2, epoch: command.epoch };
      },
      { inFlightMax: 5_000 },
    );
    const push = pushOf();
    push.enqueue(
      oneTo(1_000).map((i) => ({
        key: `tenant/t${i}`,
        cursor: i,
        stamp: stamp(),
        previousStamp: null,
        body: {
          kind: 'tenant' as const,
          tenant: `t${i}`,
          region: region.name,
          status: 'placed' as const,
          stamp: stamp(),
          epoch: 1,
          hosts: [],
        },
      })),
    );
    await waitFor('all of them', () => (seen.size === 1_000 ? true : undefined), { timeoutMs: 60_000 });
    expect(most).toBeLessThanOrEqual(64);
    push.stop();
    stop();
  });
});
