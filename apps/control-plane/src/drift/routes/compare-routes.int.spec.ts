import type { DirectoryEntry } from '@lapidary/contracts/directory';
import { markOfEntry, ReplicaQuestionSchema } from '@lapidary/contracts/route-replica';
import { agentReplica, routerReplica } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { addToRoot, entryHash, formatRoot } from '@lapidary/contracts/directory-digest';
import { HeldTenants } from '@lapidary/stamp-sdk/holdings';
import { answerReplica } from '@lapidary/stamp-sdk/route-replica/answer-replica';
import { readHoldings } from '../../health/holdings.js';
import { markEntriesPublished, unpublishedEntries } from '../../directory/directory-rows.js';
import { readDigest } from '../../directory/directory-sum.js';
import { numberDirectory } from '../../directory/number-directory.js';
import { recordTenantRoute } from '../../directory/record-route.js';
import { openTestRegion, type TestRegion } from '../../outbox/testing/test-region.js';
import { compareRoutes, refreshReplica, type ComparedRoutes } from './compare-routes.js';
import { disagreeing } from './route-watch.js';
import type { RouteReplicaFacts } from './replica-fleet.js';

const tenants = 700;
const signal = new AbortController().signal;

describe('comparing routers and agents with the directory', () => {
  let region: TestRegion;
  let stamp: string;
  /** As a router holds them, by key; the position beside it is its own claim. */
  const table = new Map<string, DirectoryEntry>();
  let tableCursor = 0;
  let held = new HeldTenants();
  const stops: (() => void)[] = [];
  let nonces = 0;

  const router: RouteReplicaFacts = { of: 'router', name: 'r 1', away: null, schemas: null, digest: null };
  const agent = (): RouteReplicaFacts => ({ of: 'agent', name: stamp, away: null, schemas: null, digest: null });
  const generation = async (): Promise<string> =>
    (await rowsOf<{ generation: string }>(region.dataSource, 'SELECT generation FROM origin'))[0]!.generation;
  const toolsOf = () => ({ region: region.name, dataSource: region.dataSource, nats: region.nats });
  const compare = async (replica: RouteReplicaFacts): Promise<ComparedRoutes> =>
    compareRoutes(toolsOf(), replica, `n${(nonces += 1)}`, signal);
  const place = async (tenant: string, epoch: number, on: string | null): Promise<void> =>
    inTransaction(region.dataSource, async (tx) =>
      recordTenantRoute(tx, { kind: 'tenant', tenant, region: region.name, status: 'placed', stamp: on, epoch, hosts: [] } as never, on),
    );
  const number = async (): Promise<void> => {
    while ((await numberDirectory(region.dataSource)).length > 0);
  };
  /** What the stream would bring. */
  const publish = async (): Promise<void> => {
    await number();
    for (let batch; (batch = await unpublishedEntries(region.dataSource, 5_000)).length > 0;) {
      for (const entry of batch) [tableCursor] = [Math.max(tableCursor, entry.cursor), table.set(entry.key, entry)];
      await markEntriesPublished(region.dataSource, batch);
    }
  };
  const sync = async (): Promise<void> => {
    held = HeldTenants.from(await readHoldings(region.dataSource, stamp), []);
  };

  beforeAll(async () => {
    region = await openTestRegion();
    stamp = `${region.name}-1`;
    const own = await generation();
    const serve = (subject: string, replica: Parameters<typeof answerReplica>[0]): void =>
      void stops.push(region.nats.serveJson(subject, ReplicaQuestionSchema, (q) => answerReplica(replica, q)));
    serve(routerReplica(region.name, router.name), {
      position: () => ({ generation: own, cursor: tableCursor }),
      marks: () => [...table.values()].map(markOfEntry),
      refresh: async () => {
        const rows = await rowsOf<{ key: string; cursor: string; body: DirectoryEntry['body'] }>(
          region.dataSource,
          'SELECT key, cursor, body FROM directory_entry',
        );
        table.clear();
        for (const { key, cursor, body } of rows) table.set(key, { key, cursor: Number(cursor), committedAtMs: 0, body });
      },
    });
    serve(agentReplica(region.name, stamp), {
      position: () => ({ generation: null, cursor: held.asOf }),
      marks: () => held.marks(),
      refresh: sync,
    });
    for (let i = 0; i < tenants; i++) await place(`t${i}`, 1, i % 2 === 0 ? stamp : `${region.name}-2`);
    await publish();
    await sync();
  });
  afterAll(async () => {
    stops.forEach((stop) => stop());
    await region.close();
  });
  const inOrder = { drifted: [], pending: [], more: false, planted: 'found' };
  afterEach(async () => {
    await publish();
    await sync();
    expect(await compare(router)).toEqual(inOrder);
    expect(await compare(agent())).toEqual(inOrder);
  });
  const keysOf = ({ drifted }: ComparedRoutes): string[] => drifted.map((d) => d.key).sort();

  it('finds nothing where nothing differs, but what was planted; and leaves nothing of it', async () => {
    expect(await compare(router)).toEqual(inOrder);
    expect(await rowsOf(region.dataSource, `SELECT key FROM directory_entry WHERE key LIKE 'tenant/planted%'`)).toEqual([]);
  });

  it('finds a router’s wrong epoch, its lost entry and one too many, exactly; refreshed, it is in order', async () => {
    const entry = table.get('tenant/t5')!;
    table.set('tenant/t5', { ...entry, body: { ...entry.body, epoch: 7 } as never });
    table.delete('tenant/t6');
    table.set('tenant/ghost', { ...entry, key: 'tenant/ghost' });
    const found = await compare(router);
    expect(keysOf(found)).toEqual(['tenant/ghost', 'tenant/t5', 'tenant/t6']);
    expect(found.drifted.find((d) => d.key === 'tenant/t5')).toMatchObject({ expected: { epoch: 1 }, observed: { epoch: 7 } });
    expect(await compare(agent())).toEqual(inOrder);
    await refreshReplica(toolsOf(), router);
    expect(await compare(router)).toEqual(inOrder);
  });

  it('finds an agent’s lost tenant, its wrong epoch and one too many, exactly; refreshed, it is in order', async () => {
    const { asOf, known } = held.snapshot();
    const falsified = known
      .filter((k) => k.tenant !== 't2')
      .map((k) => (k.tenant === 't4' ? { ...k, epoch: 9 } : k))
      .concat([{ tenant: 't1' as never, epoch: 1, cursor: 1, hold: true }]);
    held = HeldTenants.restore({ asOf, known: falsified });
    expect(keysOf(await compare(agent()))).toEqual(['tenant/t1', 'tenant/t2', 'tenant/t4']);
    await refreshReplica(toolsOf(), agent());
    expect(await compare(agent())).toEqual(inOrder);
  });

  it('finds a row of the directory that was changed by hand: everybody else holds it otherwise', async () => {
    await region.dataSource.query(`UPDATE directory_entry SET body = jsonb_set(body, '{epoch}', '3') WHERE key = 'tenant/t8'`);
    expect([keysOf(await compare(router)), keysOf(await compare(agent()))]).toEqual([['tenant/t8'], ['tenant/t8']]);
    await region.dataSource.query(`UPDATE directory_entry SET body = jsonb_set(body, '{epoch}', '1') WHERE key = 'tenant/t8'`);
  });

  it('takes for drift nothing that is on its way to them, and says that it could not judge it', async () => {
    await place('t0', 2, stamp);
    await place('t2', 2, `${region.name}-2`);
    await place('fresh', 1, stamp);
    for (const numbered of [false, true]) {
      if (numbered) await number();
      for (const replica of [router, agent()]) {
        const { pending, ...rest } = await compare(replica);
        expect(rest).toEqual({ drifted: [], more: false, planted: 'found' });
        expect(pending.length).toBeGreaterThanOrEqual(2);
      }
    }
  });

  it('gives no false alarm while placements go on, and finds what is spoiled all the same', async () => {
    let writing = true;
    let written = 0;
    const writer = (async () => {
      for (; writing; written++) {
        await place(`t${written % 100}`, 10 + written, written % 3 === 0 ? `${region.name}-2` : stamp);
        if (written % 5 === 0) await publish();
        if (written % 40 === 0) await sync();
      }
    })();
    table.delete('tenant/t500');
    for (let i = 0; i < 10; i++) {
      const [ofRouter, ofAgent] = [await compare(router), await compare(agent())];
      expect([keysOf(ofRouter), keysOf(ofAgent)]).toEqual([['tenant/t500'], []]);
      expect([ofRouter.planted, ofAgent.planted]).toEqual(['found', 'found']);
    }
    writing = false;
    await writer;
    expect(written).toBeGreaterThan(100);
    await refreshReplica(toolsOf(), router);
  });

  it('heartbeats say who differs, at positions that cover the rows and only there', async () => {
    const heard = async (): Promise<RouteReplicaFacts[]> => [
      { ...router, digest: { ...(await readDigest(region.dataSource)), ...tableDigest() } },
      { ...agent(), digest: { generation: null, cursor: held.asOf, count: held.count, root: held.root } },
    ];
    const tableDigest = () => ({
      cursor: tableCursor,
      count: table.size,
      root: formatRoot([...table.values()].reduce((sum, e) => addToRoot(sum, entryHash(e.key, e.cursor)), 0n)),
    });
    const who = async (): Promise<string[]> => (await disagreeing(region.dataSource, await heard())).map((r) => r.of);
    expect(await who()).toEqual([]);
    await place('t4', 99, stamp);
    expect(await who()).toEqual([]);
    await publish();
    await sync();
    expect(await who()).toEqual([]);
    const { asOf, known } = held.snapshot();
    held = HeldTenants.restore({ asOf, known: known.slice(1) });
    table.delete('tenant/t9');
    expect(await who()).toEqual(['router', 'agent']);
    await refreshReplica(toolsOf(), router);
  });

  it('compares nothing with a router that holds another database’s cursors', async () => {
    const before = await generation();
    await region.dataSource.query(`UPDATE origin SET generation = 'restored'`);
    await expect(compare(router)).rejects.toMatchObject({
      code: 'not_ready',
      message: expect.stringContaining('the database before') as string,
    });
    await region.dataSource.query(`UPDATE origin SET generation = $1`, [before]);
  });
});
