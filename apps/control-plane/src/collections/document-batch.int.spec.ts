import { geoStream } from '@lapidary/contracts/subjects';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { Listener } from '@lapidary/db/listener';
import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import { deleteStream } from '@lapidary/messaging/streams';
import { readEvents } from '@lapidary/replication/read-events';
import { purgeDocument } from '@lapidary/replication/collections/purge-document';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { freshRegion } from '@lapidary/testing/backends';
import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { ingest } from '../replication/ingest.js';
import { adoptEpoch } from '../replication/peer-position.js';
import { handOver, logOf, toolsOf } from '../replication/testing/two-regions.js';
import { changeChannel } from './stored-documents.js';
import { CollectionRegion, definitionOf } from './testing/collection-region.js';

/** Few documents and many writes, so that a run changes one several times. */
const writes = 60;
const documents = 5;

describe('changes that are taken in together', () => {
  let regions: TestRegion[];
  beforeAll(async () => {
    const names = Array.from({ length: 4 }, freshRegion);
    regions = await Promise.all(names.map((name) => openTestRegion({ name, peers: names.filter((other) => other !== name) })));
  });
  afterAll(async () => {
    for (const region of regions) {
      await deleteStream(region.nats, geoStream(region.name)).catch(() => undefined);
      await region.close();
    }
  });

  const commandFor = (kind: string, i: number, who: string): WriteCommand => {
    if (kind === 'counter') return { op: 'operate', operations: [{ op: 'add', units: 1 + (i % 3) }] };
    if (kind === 'append') return { op: 'put', value: { i, who } };
    if (kind === 'document') return { op: 'put', value: { note: `${who} ${i}` } };
    return i % 7 === 6 ? { op: 'delete' } : { op: 'put', value: { [`f${i % 3}`]: `${who} ${i}`, last: i } };
  };
  const writeSome = async (region: CollectionRegion, who: string): Promise<void> => {
    for (let i = 0; i < writes; i += 1) {
      const kind = ['lww', 'lww', 'counter', 'append', 'document'][i % 5]!;
      const id = kind === 'append' ? `${who}-${i}` : `d${i % documents}`;
      await region.write(kind, id, commandFor(kind, i, who)).catch((error: unknown) => {
        // What was deleted can't be deleted again.
        if ((error as { code?: string }).code !== 'not_found') throw error;
      });
    }
  };
  const takeIn = async (reader: TestRegion, origin: TestRegion, log: readonly EventEnvelope[], atOnce: number): Promise<void> => {
    for (let i = 0; i < log.length; i += atOnce)
      await ingest(reader.dataSource, toolsOf(reader), origin.name, readEvents(origin.name, log.slice(i, i + atOnce)));
  };
  const history = (region: TestRegion): Promise<unknown[]> =>
    rowsOf(
      region.dataSource,
      'SELECT collection, kind, tenant, document, event, origin, hlc, actor, request_id FROM change ORDER BY event',
    );
  const states = (region: TestRegion): Promise<unknown[]> =>
    rowsOf(
      region.dataSource,
      'SELECT collection, kind, tenant, id, state, packed, told_in_part, exists, digest, bytes, conflicts, latest, own_event FROM document ORDER BY 1, 2, 3, 4',
    );
  const graves = (region: TestRegion): Promise<unknown[]> =>
    rowsOf(
      region.dataSource,
      'SELECT collection, kind, tenant, id, seen, contents, purge_origin, purge_event, purge_sequence, forgotten_at FROM grave ORDER BY 1, 2, 3, 4',
    );

  it('leave behind what they would have left one by one: states, history, ledger (I6)', async () => {
    const [eu, us, together, apart] = regions as [TestRegion, TestRegion, TestRegion, TestRegion];
    const [one, other] = [new CollectionRegion(eu), new CollectionRegion(us)];
    for (const kind of ['lww', 'counter', 'append', 'document'] as const)
      await one.define(kind, definitionOf(kind === 'counter' ? { kind, bounded: false } : { kind }));
    await handOver(eu, us);
    await Promise.all([writeSome(one, 'eu'), writeSome(other, 'us')]);
    const logs = [
      [eu, await logOf(eu)],
      [us, await logOf(us)],
    ] as const;
    for (const [origin, log] of logs) {
      for (const reader of [together, apart]) await adoptEpoch(reader.dataSource, origin.name, 1);
      await takeIn(together, origin, log, 200);
      await takeIn(apart, origin, log, 1);
    }
    expect(await states(together)).toEqual(await states(apart));
    expect(await history(together)).toEqual(await history(apart));
    expect(await new CollectionRegion(together).everything()).toEqual(await new CollectionRegion(apart).everything());
    expect((await history(together)).length).toBeGreaterThan(writes);
    expect(((await new CollectionRegion(together).everything()) as { ledger: unknown[] }).ledger.length).toBeGreaterThan(0);
  });

  it('leave behind the same of what was written, deleted and purged among them (T1)', async () => {
    const [eu, , together, apart] = regions as [TestRegion, TestRegion, TestRegion, TestRegion];
    const one = new CollectionRegion(eu);
    const told = (await logOf(eu)).length;
    for (const id of ['gone1', 'gone2']) {
      await one.write('lww', id, { op: 'put', value: { a: 1 } });
      await one.write('lww', id, { op: 'delete' });
      const key = { collection: 'lww', kind: 'lww', tenant: '', id } as const;
      await one.inTx(async (tx) =>
        purgeDocument(tx, { region: eu.name, tick: (after) => after }, key, [], { origin: eu.name, actor: 'test', requestId: 'test' }),
      );
    }
    const log = (await logOf(eu)).slice(told);
    expect(log).toHaveLength(6);
    await takeIn(together, eu, log, 200);
    await takeIn(apart, eu, log, 1);
    expect(await graves(together)).toEqual(await graves(apart));
    expect(await graves(together)).toHaveLength(2);
    expect(await states(together)).toEqual(await states(apart));
    expect(await history(together)).toEqual(await history(apart));
  });

  it('wake whoever watches their collections', async () => {
    const [eu, , together] = regions as [TestRegion, TestRegion, TestRegion];
    const told = (await logOf(eu)).length;
    const heard: string[] = [];
    const listener = new Listener({
      url: together.url,
      applicationName: 'test',
      channels: [changeChannel],
      onNotify: (_, collection) => heard.push(collection),
      onConnect: () => heard.push('connected'),
      onError: () => undefined,
    });
    listener.start();
    const until = async (expected: readonly string[]): Promise<unknown> =>
      waitFor(`${expected.join()} to be heard`, () => expected.every((what) => heard.includes(what)) || undefined, { timeoutMs: 60_000 });
    await until(['connected']);
    await new CollectionRegion(eu).write('append', 'woken', { op: 'put', value: 1 });
    await new CollectionRegion(eu).write('counter', 'd0', { op: 'operate', operations: [{ op: 'add', units: 1 }] });
    await takeIn(together, eu, (await logOf(eu)).slice(told), 200);
    await until(['append', 'counter']);
    await listener.stop();
  });

  it('of two peers at once wait for each other in one order, never in a circle', async () => {
    const [eu, us, together] = regions as [TestRegion, TestRegion, TestRegion];
    const before = [(await logOf(eu)).length, (await logOf(us)).length];
    for (let i = 0; i < 20; i += 1) {
      const order = i % 2 === 0 ? [0, 1, 2, 3, 4] : [4, 3, 2, 1, 0];
      for (const d of order) {
        await new CollectionRegion(eu).write('lww', `d${d}`, { op: 'put', value: { eu: i } });
        await new CollectionRegion(us).write('lww', `d${4 - d}`, { op: 'put', value: { us: i } });
      }
    }
    const [fromEu, fromUs] = [(await logOf(eu)).slice(before[0]), (await logOf(us)).slice(before[1])];
    await Promise.all([takeIn(together, eu, fromEu, 50), takeIn(together, us, fromUs, 50)]);
    const [row] = await rowsOf<{ n: number }>(together.dataSource, 'SELECT count(*)::int AS n FROM dead_letter');
    expect(row!.n).toBe(0);
  });
});
