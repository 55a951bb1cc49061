import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { inTransaction } from '@lapidary/db/transaction';
import { rowsOf } from '@lapidary/db/rows';
import { newId } from '@lapidary/kernel/ids';
import { readEvents } from '@lapidary/replication/read-events';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { systemContext } from '../http/command-context.js';
import { deadLetterViewOf, getDeadLetter } from './dead-letter-row.js';
import { ingest } from './ingest.js';
import { adoptEpoch } from './peer-position.js';
import { releaseWaiting } from './release-letters.js';
import { dropDeadLetter, replayDeadLetter } from './settle-dead-letter.js';
import { handOver, logOf, openTwoRegions, toolsOf } from './testing/two-regions.js';

let eu: CollectionRegion;
let us: CollectionRegion;
let close: () => Promise<void>;

beforeEach(async () => {
  const two = await openTwoRegions();
  close = two.close;
  [eu, us] = [new CollectionRegion(two.eu), new CollectionRegion(two.us)];
  await eu.define('settings', definitionOf({ kind: 'lww' }));
});
afterEach(async () => close());

const patch = async (id: string, value: Record<string, number>): Promise<void> =>
  eu.write('settings', id, Object.keys(value).includes('n0') ? { op: 'put', value } : { op: 'patch', value });

/** What `eu` told, with the given of its events as a version writes them that `us` does not know. */
const logWith = async (...unknown: number[]): Promise<EventEnvelope[]> =>
  (await logOf(eu.region)).map((event) =>
    unknown.includes(event.originsequence) ? { ...event, type: 'lapidary.document.changed.v9' } : event,
  );
const take = async (log: readonly unknown[]) => {
  await adoptEpoch(us.region.dataSource, eu.region.name, 1);
  return await ingest(us.region.dataSource, toolsOf(us.region), eu.region.name, readEvents(eu.region.name, log));
};
const letters = async (): Promise<[number, string][]> =>
  (
    await rowsOf<{ sequence: string; state: string }>(us.region.dataSource, 'SELECT sequence, state FROM dead_letter ORDER BY sequence')
  ).map((r) => [Number(r.sequence), r.state]);
const idOf = async (sequence: number): Promise<string> =>
  (await rowsOf<{ id: string }>(us.region.dataSource, 'SELECT id FROM dead_letter WHERE sequence = $1', [sequence]))[0]!.id;
/** The version that knows the type is rolled out. */
const mend = async (sequence: number): Promise<void> => {
  await us.region.dataSource.query(
    `UPDATE dead_letter SET event = jsonb_set(event, '{type}', '"lapidary.document.changed.v1"') WHERE sequence = $1`,
    [sequence],
  );
};
const context = () => systemContext(us.region.name, 'test', newId());
const replay = async (sequence: number, dryRun = false) => {
  const id = await idOf(sequence);
  return await inTransaction(us.region.dataSource, async (tx) => replayDeadLetter(tx, context(), toolsOf(us.region), id, dryRun));
};

/** 1 defines; 2, 3, 4, 6 are of document a, 5 of document b. */
const write = async (): Promise<void> => {
  await patch('a', { n0: 0 });
  await patch('a', { n1: 1 });
  await patch('a', { n2: 2 });
  await patch('b', { n0: 0 });
  await patch('a', { n3: 3 });
};

describe('a key with a poison event (P-SC3)', () => {
  it('is quarantined: what comes later of it waits, everything else flows on (Q1, Q3)', async () => {
    await write();
    const { parked, applied } = await take(await logWith(3));
    expect([parked, applied.map((e) => e.originsequence)]).toEqual([3, [1, 2, 5]]);
    expect(await us.value('settings', 'a')).toEqual({ n0: 0 });
    expect(await us.value('settings', 'b')).toEqual({ n0: 0 });
    expect(await letters()).toEqual([
      [3, 'open'],
      [4, 'waiting'],
      [6, 'waiting'],
    ]);
    await patch('a', { n4: 4 });
    await handOver(eu.region, us.region);
    expect((await letters()).at(-1)).toEqual([7, 'waiting']);
    expect(await us.value('settings', 'a')).toEqual({ n0: 0 });
  });

  it('follows in order once the first is replayed, and is then what it is where nothing was parked (Q2, I6)', async () => {
    await write();
    await take(await logWith(3));
    await expect(replay(4)).rejects.toMatchObject({ code: 'illegal_transition' });
    expect((await replay(3)).result).toMatchObject({ outcome: 'refused', released: 0 });
    await mend(3);
    expect((await replay(3, true)).result).toMatchObject({ outcome: 'applied', released: 0 });
    expect(await letters()).toContainEqual([4, 'waiting']);
    const { result, applied } = await replay(3);
    expect([result.released, applied.map((e) => e.originsequence)]).toEqual([2, [3, 4, 6]]);
    expect(await us.everything()).toEqual(await eu.everything());
    expect((await letters()).map(([, state]) => state)).toEqual(['replayed', 'replayed', 'replayed']);
  });

  it('stops at the next one that is refused, which is the open one then (Q2)', async () => {
    await write();
    await take(await logWith(3, 4));
    await mend(3);
    expect((await replay(3)).result.released).toBe(0);
    expect(await letters()).toEqual([
      [3, 'replayed'],
      [4, 'open'],
      [6, 'waiting'],
    ]);
  });

  it('goes on without an event that is dropped', async () => {
    await write();
    await take(await logWith(3));
    const id = await idOf(3);
    const { applied } = await inTransaction(us.region.dataSource, async (tx) => dropDeadLetter(tx, context(), toolsOf(us.region), id));
    expect(applied.map((e) => e.originsequence)).toEqual([4, 6]);
    expect(await us.value('settings', 'a')).toEqual({ n0: 0, n2: 2, n3: 3 });
  });

  it('is quarantined by an event that nobody can read, as long as its subject can be told', async () => {
    await write();
    const log = await logOf(eu.region);
    const { parked } = await take(log.map((e) => (e.originsequence === 3 ? { ...e, hlc: 7 } : e)));
    expect(parked).toBe(3);
    expect(await us.value('settings', 'a')).toEqual({ n0: 0 });
  });

  it('is let go by the next round where somebody settled its first event while more began to wait', async () => {
    await write();
    await take(await logWith(3));
    await us.region.dataSource.query(`UPDATE dead_letter SET state = 'dropped' WHERE sequence = 3`);
    const told: number[] = [];
    const released = await releaseWaiting(us.region.dataSource, toolsOf(us.region), (events) =>
      told.push(...events.map((e) => e.originsequence)),
    );
    expect([released, told]).toEqual([2, [4, 6]]);
    expect(await releaseWaiting(us.region.dataSource, toolsOf(us.region), () => undefined)).toBe(0);
  });

  it('has nothing left to wait for once its region begins another epoch, which tells everything anew', async () => {
    await write();
    await take(await logWith(3));
    await adoptEpoch(us.region.dataSource, eu.region.name, 2);
    expect((await letters()).map(([, state]) => state)).toEqual(['superseded', 'superseded', 'superseded']);
  });

  it('two people who replay its first event release the rest once', async () => {
    await write();
    await take(await logWith(3));
    await mend(3);
    const both = await Promise.allSettled([replay(3), replay(3)]);
    expect(both.map((b) => b.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await us.everything()).toEqual(await eu.everything());
    const row = await getDeadLetter(us.region.dataSource, await idOf(3));
    expect(deadLetterViewOf(row, us.region.name)).toMatchObject({ state: 'replayed' });
  });
});
