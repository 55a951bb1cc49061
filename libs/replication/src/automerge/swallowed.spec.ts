import fc from 'fast-check';
import { DocumentEngine, type Documented } from './document-engine.js';
import { actorOf } from './document-actor.js';
import type { DocumentEdit } from './document-edits.js';

const regions = {
  eu: new DocumentEngine(actorOf('eu', 1), 0),
  us: new DocumentEngine(actorOf('us', 1), 0),
  ap: new DocumentEngine(actorOf('ap', 1), 0),
  af: new DocumentEngine(actorOf('af', 1), 0),
};
type Region = keyof typeof regions;
const names = Object.keys(regions) as Region[];
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

type Step = { readonly region: Region } & (
  | { readonly kind: 'write'; readonly at: readonly string[] }
  | { readonly kind: 'remove'; readonly at: readonly string[] }
  | { readonly kind: 'hear'; readonly from: Region }
);
const region = fc.constantFrom(...names);
const path = fc.constantFrom(['box'], ['box', 'in'], ['box', 'in', 'most'], ['case']);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), region, at: path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), region, at: path }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('hear' as const), region, from: region }) },
);
const wrapped = (at: readonly string[], inner: unknown): object =>
  at.reduceRight<unknown>((value, key) => ({ [key]: value }), inner) as object;

/** Regions whose changes are heard one by one, each origin’s in order; every write puts a word of its own somewhere. */
class World {
  private readonly changes: Record<Region, Uint8Array[]> = { eu: [], us: [], ap: [], af: [] };
  private readonly heard = new Map<string, number>();
  private readonly regions: Record<Region, { at: Documented; rows: Map<string, object> }>;
  private readonly knowinglyGone = new Set<string>();
  private readonly inLedger = new Set<string>();
  private words = 0;

  constructor(private readonly dice: fc.Stream<number>) {
    const fresh = () => ({ at: begun, rows: new Map<string, object>() });
    this.regions = { eu: fresh(), us: fresh(), ap: fresh(), af: fresh() };
  }

  live(one: Step): void {
    const here = this.regions[one.region];
    if (one.kind === 'hear') return void this.hear(one.region, one.from);
    if (one.kind === 'remove')
      // What its own region shows there is taken away by who sees it.
      for (const word of JSON.stringify(
        one.at.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], here.at.value) ?? null,
      ).match(/w\d+/g) ?? [])
        this.knowinglyGone.add(word);
    const value = one.kind === 'write' ? wrapped(one.at, { [`w${++this.words}`]: `w${this.words}` }) : wrapped(one.at, null);
    const edited = write(one.region, here.at, merge('merge', value));
    if (edited.change) this.changes[one.region].push(edited.change);
    here.at = edited;
    this.noteConflicts(edited);
  }

  private hear(to: Region, from: Region): boolean {
    const known = this.heard.get(`${to} ${from}`) ?? 0;
    const change = this.changes[from][known];
    if (to === from || change === undefined) return false;
    const { found, at } = taken(this.regions[to].at, [change], to);
    this.heard.set(`${to} ${from}`, known + 1);
    this.regions[to].at = at;
    this.noteConflicts(at);
    for (const { path: where, loser } of found) this.regions[to].rows.set(loser.at, { where, value: loser.value });
    return true;
  }

  /** The ledger has what lost to a rival as soon as a region sees it, and tells it when that is replaced (apply-change.ts). */
  private noteConflicts({ conflicts }: Documented): void {
    for (const word of JSON.stringify(conflicts).match(/w\d+/g) ?? []) this.inLedger.add(word);
  }

  settle(): void {
    const nameAt = (at: number): Region => names[at % names.length]!;
    for (let isMore = true; isMore;) {
      const turn = this.dice.next().value as number;
      isMore = false;
      for (let to = 0; to < names.length; to++)
        for (let i = 0; i < names.length; i++) if (this.hear(nameAt(turn + to), nameAt(turn + i))) isMore = true;
    }
  }

  /** As a region that wrote nothing and hears all of it, each origin’s in order: as it is shown there in the end, and what was found. */
  heardAfresh(): string {
    const next = new Map(names.map((name) => [name, 0]));
    const rows: unknown[] = [];
    let at: Documented = begun;
    for (let left = names.flatMap((name) => this.changes[name]).length; left > 0; left--) {
      const open = names.filter((name) => next.get(name)! < this.changes[name].length);
      const from = open[(this.dice.next().value as number) % open.length]!;
      const one = taken(at, [this.changes[from][next.get(from)!]!], 'af');
      next.set(from, next.get(from)! + 1);
      rows.push(...one.found);
      at = one.at;
      this.noteConflicts(at);
    }
    return JSON.stringify([at.value, rows]);
  }

  all() {
    return names.map((name) => ({ name, ...this.regions[name] }));
  }

  /** Words that nobody who saw them took away, and that never lost to a rival. */
  unseen(): string[] {
    return Array.from({ length: this.words }, (_, i) => `w${i + 1}`).filter(
      (word) => !this.knowinglyGone.has(word) && !this.inLedger.has(word),
    );
  }
}

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

  it('is found where what had taken it away is itself taken away later, by who knew of both, in any order', () => {
    const nested = write('eu', begun, merge('merge', { box: { in: { x: 1 } } }));
    const inner = write('us', nested, merge('merge', { box: { in: null } }));
    const into = write('eu', nested, merge('merge', { box: { in: { w: 1 } } }));
    const outer = write('us', taken(inner, [into.change], 'us').at, merge('merge', { box: null }));
    for (const changes of [
      [inner.change, into.change, outer.change],
      [into.change, inner.change, outer.change],
      // The last one waits for the write that it knows of, and both come to pass at once.
      [inner.change, outer.change, into.change],
    ])
      expect(taken(nested, changes).found).toEqual([
        {
          path: 'box/in',
          winner: { at: expect.stringMatching(new RegExp(`@${actorOf('us', 1)}$`)) as string },
          loser: { at: expect.any(String) as string, value: { x: 1, w: 1 } },
        },
      ]);
  });

  it('is found where both waited for the same change and come to pass with it', () => {
    const first = write('eu', begun, merge('merge', { box: { first: 1 } }));
    const away = write('us', first, merge('merge', { box: null }));
    const into = write('af', first, merge('merge', { box: { w: 1 } }));
    for (const changes of [
      [away.change, into.change, first.change],
      [into.change, away.change, first.change],
    ])
      expect(taken(begun, changes).found).toMatchObject([{ path: 'box', loser: { value: { a: 1, first: 1, w: 1 } } }]);
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

  it('is all there is of what is neither shown nor in conflict, and the same in each region, in any order (any writes of four regions)', () => {
    let seen = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 4, maxLength: 25 }), fc.infiniteStream(fc.nat(names.length - 1)), (steps, dice) => {
        const world = new World(dice);
        for (const one of steps) world.live(one);
        world.settle();
        for (const { name, rows, at } of world.all()) {
          const shown = JSON.stringify([at.value, [...rows.values()]]);
          for (const word of world.unseen())
            expect({ name, word, isThere: shown.includes(`"${word}"`) }).toEqual({ name, word, isThere: true });
          for (const { name: other, rows: theirs } of world.all())
            for (const [id, row] of rows) expect({ other, row: theirs.get(id) ?? row }).toEqual({ other, row });
          seen += rows.size;
        }
        const afresh = world.heardAfresh();
        for (const word of world.unseen()) expect({ word, isThere: afresh.includes(`"${word}"`) }).toEqual({ word, isThere: true });
      }),
      { numRuns: 150 },
    );
    expect(seen).toBeGreaterThan(100);
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
