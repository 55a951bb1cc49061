import type { Heartbeat } from '@lapidary/contracts/agent-protocol';
import { rowsOf } from '@lapidary/db/rows';
import { newId } from '@lapidary/kernel/ids';
import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { HeartbeatBook, strangersMax } from './heartbeat-book.js';

const integerMax = 2 ** 31 - 1;

let region: TestRegion;
let book: HeartbeatBook;
const [here, there] = [newId(), newId()];
const stampOf = (index: number): string => `${region.name}-${index}`;
const beat = (index: number, instanceId: string, epoch: number, change: Partial<Heartbeat> = {}): Heartbeat => ({
  stamp: stampOf(index),
  instanceId,
  epoch,
  sequence: 1,
  atMs: 0,
  load: { cpuPercent: 1, memoryBytes: 1, requestsPerSecond: 0, inFlight: 0 },
  holding: { count: 0, asOf: 0 },
  workload: { healthy: true, version: '2' },
  agentVersion: '1',
  ...change,
});
/** Stamps that were heard by this flush. */
const heard = async (): Promise<string[]> => {
  const rows = await rowsOf<{ stamp: string }>(
    region.dataSource,
    `SELECT stamp FROM stamp_observation WHERE last_heartbeat_at > 'epoch' ORDER BY stamp`,
  );
  await region.dataSource.query(`UPDATE stamp_observation SET last_heartbeat_at = 'epoch'`);
  return rows.map(({ stamp }) => stamp);
};

beforeEach(async () => {
  region = await openTestRegion();
  book = new HeartbeatBook();
  for (const [index, instance] of [
    [1, here],
    [2, there],
  ] as const) {
    await region.dataSource.query(
      `INSERT INTO stamp (name, region, status, ring, profile, isolation, driver, capacity_units, spec, epoch)
       VALUES ($1, $2, 'active', 'broad', 's', 'pooled', 'local', 10, '{}', 3)`,
      [stampOf(index), region.name],
    );
    const observed = `INSERT INTO stamp_observation (stamp, instance_id, epoch, last_heartbeat_at, front_door) VALUES ($1, $2, 3, 'epoch', '')`;
    await region.dataSource.query(observed, [stampOf(index), instance]);
  }
});
afterEach(async () => region.close());

describe('who has an agent’s credentials', () => {
  it.each<[string, () => Heartbeat]>([
    ['a version with U+0000', () => beat(1, newId(), 3, { agentVersion: 'a\u0000b' })],
    ['a version with half of a surrogate pair', () => beat(1, newId(), 3, { workload: { healthy: true, version: '\ud800' } })],
    ['a root with U+0000', () => beat(1, newId(), 3, { holding: { count: 0, asOf: 0, root: '\u0000' } })],
    ['schemas with U+0000', () => beat(1, newId(), 3, { schemas: '\u0000' })],
    ['an epoch that no stamp can have', () => beat(1, newId(), integerMax + 1)],
    ['a count that no stamp can have', () => beat(1, newId(), 3, { holding: { count: integerMax + 1, asOf: 0 } })],
    ['a version of a megabyte', () => beat(1, newId(), 3, { agentVersion: 'x'.repeat(1 << 20) })],
  ])('silences no stamp by %s: it is refused, and counted, and the others are written', async (_, forged) => {
    book.take(forged());
    book.take(beat(1, here, 3));
    book.take(beat(2, there, 3));
    const flushed = await book.flush(region.dataSource);
    expect([await heard(), flushed.refused]).toEqual([[stampOf(1), stampOf(2)], new Map([[stampOf(1), 1]])]);
  });

  it('fences no process by an epoch that was never given: what counts is what the database knows (P-HB3)', async () => {
    for (const order of ['before', 'after']) {
      if (order === 'before') book.take(beat(1, newId(), 99));
      book.take(beat(1, here, 3));
      if (order === 'after') book.take(beat(1, newId(), 99));
      const { outdated } = await book.flush(region.dataSource);
      expect([order, outdated, await heard()]).toEqual([order, new Map(), [stampOf(1)]]);
    }
  });

  it('hides no heartbeat behind a later one under the same epoch by another process', async () => {
    book.take(beat(1, newId(), 3, { sequence: Number.MAX_SAFE_INTEGER }));
    book.take(beat(1, here, 3));
    await book.flush(region.dataSource);
    expect(await heard()).toEqual([stampOf(1)]);
  });

  it('fills no memory with stamps that do not exist, gives metrics no names of them, and keeps those out that are known no second', async () => {
    book.take(beat(1, here, 3));
    await book.flush(region.dataSource);
    await heard();
    for (let i = 0; i < 2 * strangersMax; i += 1) book.take(beat(100 + i, newId(), 1));
    book.take(beat(1, here, 3, { sequence: 2 }));
    const { refused } = await book.flush(region.dataSource);
    expect(await heard()).toEqual([stampOf(1)]);
    expect(refused).toEqual(new Map([['unknown', 2 * strangersMax]]));
  });
});
