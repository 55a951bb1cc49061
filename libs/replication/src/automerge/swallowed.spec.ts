import { DocumentEngine, type Documented } from './document-engine.js';
import { actorOf } from './document-actor.js';
import type { DocumentEdit } from './document-edits.js';

const regions = {
  eu: new DocumentEngine(actorOf('eu', 1), 0),
  us: new DocumentEngine(actorOf('us', 1), 0),
  ap: new DocumentEngine(actorOf('ap', 1), 0),
};
type Region = keyof typeof regions;
const genesis = { box: { a: 1 }, list: [{ n: 1 }], note: 'hello', lines: ['one', 'two'] };
const text = ['note', 'lines'];

const write = (region: Region, from: Documented | null, ...edits: DocumentEdit[]) =>
  regions[region].edit('d', from?.bytes ?? null, genesis, edits, text);
const merge = (edit: DocumentEdit['op'], value: object): DocumentEdit => ({ op: edit, value }) as DocumentEdit;
/** Everything that is found while changes are taken in one after another. */
const taken = (from: Documented, changes: readonly (Uint8Array | null)[], region: Region = 'ap') => {
  const found = [];
  let at: Documented = from;
  for (const change of changes) {
    const next = regions[region].take('d', at.bytes, [change!]);
    found.push(...next.swallowed);
    at = next;
  }
  return { found, at };
};

const begun = write('eu', null, merge('merge', { began: true }));
const removes = write('eu', begun, merge('merge', { box: null }));
const writes = write('us', begun, merge('merge', { box: { b: 2 } }));
const writesOn = write('us', writes, merge('merge', { box: { c: 3 } }));

const lost = (value: object, at: number) => ({
  path: 'box',
  winner: { at: expect.stringMatching(/^\d+@/) as string },
  loser: { at: `${at}@${actorOf('us', 1)}`, value },
});

describe('what was written into something that another one took away', () => {
  const orders = {
    'the removal first': [removes.change, writes.change, writesOn.change],
    'the removal last': [writes.change, writesOn.change, removes.change],
    'the removal in between': [writes.change, removes.change, writesOn.change],
    'in the wrong order': [writesOn.change, removes.change, writes.change],
  };

  it.each(Object.entries(orders))('is found once for each write, as its writer saw it: %s', (_, changes) => {
    const { found, at } = taken(begun, changes);
    expect(at.value).not.toHaveProperty('box');
    const sorted = [...found].sort((a, b) => (a.loser.at < b.loser.at ? -1 : 1));
    const [first, second] = sorted;
    expect(sorted).toEqual([
      lost({ a: 1, b: 2 }, Number.parseInt(first!.loser.at, 10)),
      lost({ a: 1, b: 2, c: 3 }, Number.parseInt(second!.loser.at, 10)),
    ]);
    expect(taken(at, changes).found).toEqual([]);
  });

  it('is found in all of a document at once, too', () => {
    const both = taken(removes, [writes.change], 'eu').at;
    expect(regions.ap.take('d', null, [both.bytes]).swallowed).toHaveLength(1);
    expect(regions.us.take('d', writes.bytes, [both.bytes]).swallowed).toEqual([
      lost({ a: 1, b: 2 }, Number.parseInt(taken(removes, [writes.change]).found[0]!.loser.at, 10)),
    ]);
  });

  it('is nothing where whoever took it away had seen it, or wrote elsewhere', () => {
    const knowing = write('eu', taken(begun, [writes.change], 'eu').at, merge('merge', { box: null }));
    expect(taken(begun, [writes.change, knowing.change]).found).toEqual([]);
    expect(regions.ap.take('d', null, [knowing.bytes]).swallowed).toEqual([]);
    const beside = write('us', begun, merge('merge', { other: { x: 1 } }));
    expect(taken(removes, [beside.change]).found).toEqual([]);
    expect(taken(begun, [beside.change, removes.change]).found).toEqual([]);
    // The writer takes it away again itself.
    const undone = write('us', writes, merge('merge', { box: null }));
    expect(taken(removes, [undone.change]).found).toEqual([]);
  });

  it('says what is there instead', () => {
    const replaces = write('eu', begun, merge('merge', { box: 'gone' }));
    const { found, at } = taken(writes, [replaces.change]);
    expect(at.value).toMatchObject({ box: 'gone' });
    expect(found).toMatchObject([{ path: 'box', winner: { value: 'gone' }, loser: { value: { a: 1, b: 2 } } }]);
  });

  it('is found in an item of a list and in a text', () => {
    const drops = write('eu', begun, { op: 'remove', path: ['list', 0] });
    const edits = write('us', begun, { op: 'set', path: ['list', 0, 'm'], value: 2 });
    for (const { found } of [taken(edits, [drops.change]), taken(drops, [edits.change])])
      expect(found).toMatchObject([{ path: 'list/0', loser: { value: { n: 1, m: 2 } } }]);
    const silences = write('eu', begun, merge('merge', { note: null }));
    const tells = write('us', begun, merge('merge', { note: 'hello all' }));
    for (const { found } of [taken(silences, [tells.change]), taken(tells, [silences.change])])
      expect(found).toMatchObject([{ path: 'note', loser: { value: 'hello all' } }]);
    const cuts = write('eu', begun, { op: 'remove', path: ['lines', 0] });
    const says = write('us', begun, { op: 'text', path: ['lines', 0], index: 3, remove: 0, insert: ' more' });
    for (const { found } of [taken(cuts, [says.change]), taken(says, [cuts.change])])
      expect(found).toMatchObject([{ path: 'lines', loser: { value: ['one more', 'two'] } }]);
  });

  it('is not what lost to another one at its place: that is among the conflicts, and grows there', () => {
    const mine = write('eu', begun, merge('merge', { made: { by: 'eu' } }));
    const yours = write('us', begun, merge('merge', { made: { by: 'us' } }));
    const more = write('us', yours, merge('merge', { made: { more: 1 } }));
    const both = taken(mine, [yours.change, more.change]);
    expect(both.found).toEqual([]);
    expect(both.at.conflicts).toHaveLength(1);
  });
});
