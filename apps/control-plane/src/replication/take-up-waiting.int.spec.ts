import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import { readEvents } from '@lapidary/replication/read-events';
import { releaseHeld } from '../collections/release-held.js';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { ingest, takeInHeld } from './ingest.js';
import { handOver, logOf, oneTo, openTwoRegions, toolsOf } from './testing/two-regions.js';
import { takeUpWaiting } from './take-up-waiting.js';

/** More than two transactions' worth. */
const many = 230;

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

/** As a clock that is an hour ahead would have told them. */
const anHourAhead = (events: readonly EventEnvelope[]): EventEnvelope[] =>
  JSON.parse(
    JSON.stringify(events).replaceAll(/"(\d{13})(\.[0-9a-f]{4}\.)/g, (_, ms: string, rest: string) => `"${Number(ms) + 3_600_000}${rest}`),
  ) as EventEnvelope[];

/** `us` holds a change of each of so many documents, and their time has come. */
const holdChanges = async (): Promise<void> => {
  await handOver(eu.region, us.region);
  for (const i of oneTo(many)) await eu.write('settings', `d${i}`, { op: 'put', value: { n: i } });
  const log = (await logOf(eu.region)).slice(-many);
  await ingest(us.region.dataSource, toolsOf(us.region), eu.region.name, readEvents(eu.region.name, anHourAhead(log)));
  // All at one moment: their places among what is due go by their ids then.
  const held = await rowsOf(us.region.dataSource, 'UPDATE held_change SET due_at = now() RETURNING 1');
  expect(held).toHaveLength(many);
};
const here = async (): Promise<number> => (await rowsOf(us.region.dataSource, 'SELECT 1 FROM document WHERE exists')).length;
const round = async (): Promise<void> =>
  takeUpWaiting({ ...us.region, tools: toolsOf(us.region), onApplied: () => undefined, logger: us.region.logger });

it('takes in all that is due in one round, each change once, also beside another replica', async () => {
  await holdChanges();
  const release = async () => releaseHeld(us.region.dataSource, async (tx, event) => takeInHeld(tx, event, toolsOf(us.region)));
  const rounds = await Promise.all([release(), release()]);
  expect(rounds.reduce((sum, r) => sum + r.taken, 0)).toBe(many);
  expect(rounds.flatMap((r) => r.failed)).toEqual([]);
  expect(await here()).toBe(many);
  expect(await rowsOf(us.region.dataSource, 'SELECT 1 FROM held_change')).toEqual([]);
});

it('passes over a change that can’t be taken in for the moment: neither others nor parked events wait behind it, and it is tried again', async () => {
  await holdChanges();
  await eu.write('settings', 'unknown', { op: 'put', value: { n: 0 } });
  const [last] = (await logOf(eu.region)).slice(-1);
  const newer = { ...last!, type: 'lapidary.document.changed.v9' };
  await ingest(us.region.dataSource, toolsOf(us.region), eu.region.name, readEvents(eu.region.name, [newer]));
  // What was not known is known now.
  await us.region.dataSource.query(
    `UPDATE dead_letter SET type = 'lapidary.document.changed.v1', event = jsonb_set(event, '{type}', '"lapidary.document.changed.v1"')`,
  );
  await us.region.dataSource.query(`
    CREATE FUNCTION refuse_two() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER refuse_two BEFORE INSERT ON document FOR EACH ROW WHEN (NEW.id IN ('d7', 'd${many}')) EXECUTE FUNCTION refuse_two();`);
  await round();
  expect(await rowsOf(us.region.dataSource, `SELECT event->'data'->>'id' AS id FROM held_change ORDER BY event_id`)).toEqual([
    { id: 'd7' },
    { id: `d${many}` },
  ]);
  expect(await rowsOf(us.region.dataSource, 'SELECT state FROM dead_letter')).toEqual([{ state: 'replayed' }]);
  expect(await here()).toBe(many - 2 + 1);
  await us.region.dataSource.query('DROP TRIGGER refuse_two ON document');
  await round();
  expect(await here()).toBe(many + 1);
});

/** `us` has parked the first change of a document, and what came of it since waits; then somebody drops the first. */
const parkRow = async (id: string, length: number): Promise<void> => {
  const before = (await logOf(eu.region)).length;
  await eu.write('settings', id, { op: 'put', value: { n: 0 } });
  for (const n of oneTo(length)) await eu.write('settings', id, { op: 'patch', value: { n } });
  const log = (await logOf(eu.region)).slice(before).map((e, i) => (i === 0 ? { ...e, type: 'lapidary.document.changed.v9' } : e));
  await ingest(us.region.dataSource, toolsOf(us.region), eu.region.name, readEvents(eu.region.name, log));
  await us.region.dataSource.query(`UPDATE dead_letter SET state = 'dropped' WHERE state = 'open'`);
};
const waiting = async (): Promise<unknown[]> =>
  await rowsOf(us.region.dataSource, `SELECT subject, count(*)::int AS n FROM dead_letter WHERE state = 'waiting' GROUP BY 1`);

it('ends a long row in one round, also behind one that can’t be taken in for the moment', async () => {
  await handOver(eu.region, us.region);
  await parkRow('busy-1', 5);
  await parkRow('busy-2', 2 * many);
  await us.region.dataSource.query(`
    CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER refuse_one BEFORE INSERT OR UPDATE ON document FOR EACH ROW WHEN (NEW.id = 'busy-1') EXECUTE FUNCTION refuse_one();`);
  await round();
  expect(await waiting()).toEqual([{ subject: 'document/settings//busy-1', n: 5 }]);
  expect(await us.value('settings', 'busy-2')).toEqual({ n: 2 * many });
  await us.region.dataSource.query('DROP TRIGGER refuse_one ON document');
  await round();
  expect(await waiting()).toEqual([]);
});
