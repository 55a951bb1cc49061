import { formatCausalToken } from '@lapidary/contracts/causal-token';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { readEvents } from '@lapidary/replication/read-events';
import { waitForCausal } from '../collections/causal-wait.js';
import { heldKeyOf, listHeld, releaseHeld } from '../collections/release-held.js';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { systemContext } from '../http/command-context.js';
import { ingest, takeInHeld } from './ingest.js';
import { adoptEpoch, readPosition } from './peer-position.js';
import { replayDeadLetter } from './settle-dead-letter.js';
import { logOf, openTwoRegions, toolsOf } from './testing/two-regions.js';

let eu: CollectionRegion;
let us: CollectionRegion;
let close: () => Promise<void>;
/** 1 defines, 2 and 3 are of document a, 4 of document b, 5 of document a. */
let log: EventEnvelope[];

beforeEach(async () => {
  const two = await openTwoRegions();
  close = two.close;
  [eu, us] = [new CollectionRegion(two.eu), new CollectionRegion(two.us)];
  await eu.define('settings', definitionOf({ kind: 'lww' }));
  await eu.write('settings', 'a', { op: 'put', value: { n: 1 } });
  await eu.write('settings', 'a', { op: 'patch', value: { m: 2 } });
  await eu.write('settings', 'b', { op: 'put', value: { n: 1 } });
  await eu.write('settings', 'a', { op: 'patch', value: { o: 3 } });
  log = await logOf(eu.region);
  await adoptEpoch(us.region.dataSource, eu.region.name, 1);
});
afterEach(async () => close());

const take = async (origin: string, events: readonly unknown[], through?: number) =>
  await ingest(
    us.region.dataSource,
    toolsOf(us.region),
    origin,
    readEvents(origin, events),
    through === undefined ? undefined : { epoch: 1, from: 1, through },
  );

/** The first of a third region's log, under the id of an event of eu's. */
const toldByZz = (id: string, more: Partial<EventEnvelope> = {}): EventEnvelope => ({
  ...log[0]!,
  id,
  originregion: 'zz',
  source: '/regions/zz',
  type: 'lapidary.region.knows.v1',
  subject: 'region/zz',
  data: { known: {} },
  ...more,
});

/** As a clock that is an hour ahead would have told it. */
const anHourAhead = (event: EventEnvelope): EventEnvelope =>
  JSON.parse(
    JSON.stringify(event).replaceAll(/"(\d{13})(\.[0-9a-f]{4}\.)/g, (_, ms: string, rest: string) => `"${Number(ms) + 3_600_000}${rest}`),
  ) as EventEnvelope;

const letters = async (): Promise<{ id: string; sequence: string; state: string; error: string }[]> =>
  await rowsOf(us.region.dataSource, 'SELECT id, sequence::text, state, error FROM dead_letter ORDER BY sequence');

describe('an event id that another region has told too', () => {
  beforeEach(async () => {
    await adoptEpoch(us.region.dataSource, 'zz', 1);
  });

  it('hides nothing: each origin’s event takes effect (I5)', async () => {
    expect((await take('zz', [toldByZz(log[1]!.id)])).applied).toHaveLength(1);
    const { applied, parked, skipped } = await take(eu.region.name, log);
    expect([applied.length, parked, skipped]).toEqual([log.length, 0, 0]);
    expect(await us.value('settings', 'a')).toEqual({ n: 1, m: 2, o: 3 });
  });

  it('is no arrival of what a causal token names', async () => {
    await take('zz', [toldByZz(log[4]!.id)]);
    await take(eu.region.name, log.slice(0, 4));
    const token = formatCausalToken(new Map([[eu.region.name, { epoch: 1, sequence: 0, events: [log[4]!.id] }]]));
    const wait = async (): Promise<void> => waitForCausal(us.region.dataSource, us.region.name, token, 0);
    await expect(wait()).rejects.toMatchObject({ code: 'not_yet_here' });
    await take(eu.region.name, log);
    await wait();
  });

  it('is held beside it until its time, listed, and released by itself', async () => {
    await take(eu.region.name, log.slice(0, 2));
    const change = anHourAhead(log[2]!);
    await take('zz', [toldByZz(change.id, { ...anHourAhead(log[3]!), id: change.id, originregion: 'zz', originsequence: 1 })]);
    await take(eu.region.name, [change]);
    const first = (await listHeld(us.region.dataSource, null, 1))[0]!;
    const second = await listHeld(us.region.dataSource, heldKeyOf(first), 1);
    expect([first, ...second].map((h) => [h.event, h.origin])).toEqual([eu.region.name, 'zz'].sort().map((o) => [change.id, o]));
    const due = async (origin: string): Promise<void> => {
      await us.region.dataSource.query('UPDATE held_change SET due_at = now() WHERE origin = $1', [origin]);
      await releaseHeld(us.region.dataSource, async (tx, event) => takeInHeld(tx, event, toolsOf(us.region)));
    };
    await due('zz');
    expect([await us.value('settings', 'a'), await us.value('settings', 'b')]).toEqual([{ n: 1 }, { n: 1 }]);
    expect((await listHeld(us.region.dataSource, null, 9)).map((h) => h.origin)).toEqual([eu.region.name]);
    await due(eu.region.name);
    expect(await us.value('settings', 'a')).toEqual({ n: 1, m: 2 });
  });
});

describe('an event id that its own region has told before', () => {
  it('at another place is parked, with what comes later of its document, until a person has looked (P-SC3)', async () => {
    await take(eu.region.name, log.slice(0, 2));
    const again = { ...log[2]!, id: log[1]!.id };
    const { applied, parked } = await take(eu.region.name, [again, ...log.slice(3)]);
    expect([applied.map((e) => e.originsequence), parked]).toEqual([[4], 2]);
    expect(await us.value('settings', 'a')).toEqual({ n: 1 });
    const [letter, ...behind] = await letters();
    expect([letter, behind.map((l) => l.state)]).toMatchObject([{ sequence: '3', state: 'open' }, ['waiting']]);
    expect(letter!.error).toContain('has told its id before, at 2 of epoch 1');
    const context = systemContext(us.region.name, 'test', newId());
    await inTransaction(us.region.dataSource, async (tx) => replayDeadLetter(tx, context, toolsOf(us.region), letter!.id, false));
    expect(await us.value('settings', 'a')).toEqual({ n: 1, m: 2, o: 3 });
  });

  it.each([
    ['in one message', undefined],
    ['in an answer of its outbox', 5],
  ])('is parked as well where both come at once, %s', async (_, through) => {
    const { applied, parked } = await take(eu.region.name, [...log.slice(0, 3), { ...log[3]!, id: log[0]!.id }, log[4]!], through);
    expect([applied.map((e) => e.originsequence), parked]).toEqual([[1, 2, 3, 5], 1]);
    expect(await readPosition(us.region.dataSource, eu.region.name)).toMatchObject({ sequence: 5 });
  });

  it('at the same place takes effect once, whatever the position says (I5)', async () => {
    await take(eu.region.name, log);
    await us.region.dataSource.query('UPDATE version_vector SET sequence = 1 WHERE origin = $1', [eu.region.name]);
    const { applied, parked } = await take(eu.region.name, log);
    expect([applied, parked, await letters()]).toEqual([[], 0, []]);
    expect(await readPosition(us.region.dataSource, eu.region.name)).toMatchObject({ sequence: 5 });
  });

  it('twice at one place of an answer is applied as it came first', async () => {
    const forged = { ...log[1]!, id: newId(), data: log[3]!.data, subject: log[3]!.subject };
    const { applied } = await take(eu.region.name, [log[0]!, log[1]!, forged, log[1]!], 2);
    expect(applied.map((e) => e.id)).toEqual([log[0]!.id, log[1]!.id]);
  });
});
