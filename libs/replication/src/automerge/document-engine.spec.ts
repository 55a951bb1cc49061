import fc from 'fast-check';
import { actorOf, regionOfActor } from './document-actor.js';
import { DocumentEngine, mergeDocuments, type Documented } from './document-engine.js';
import type { DocumentEdit } from './document-edits.js';

const genesis = { addresses: [], notes: '', preferences: {} };
const text = ['notes'];
const regions = ['ap', 'eu', 'us'] as const;

/** One document in three regions; changes travel when `tell` says so. */
class Region {
  bytes: Uint8Array | null = null;
  last: Documented | null = null;
  readonly changes: Uint8Array[] = [];

  constructor(
    readonly name: string,
    private readonly engine: DocumentEngine = new DocumentEngine(actorOf(name, 1)),
  ) {}

  edit(...edits: DocumentEdit[]): void {
    const isNew = this.bytes === null;
    const edited = this.engine.edit('k', this.bytes, genesis, edits, text);
    if (isNew) this.changes.push(edited.bytes);
    else if (edited.change) this.changes.push(edited.change);
    this.set(edited);
  }

  take(...incoming: Uint8Array[]): void {
    if (incoming.length > 0) this.set(this.engine.take('k', this.bytes, incoming));
  }

  private set(documented: Documented): void {
    this.bytes = documented.bytes;
    this.last = documented;
  }
}

const edit: fc.Arbitrary<DocumentEdit> = fc.oneof(
  fc.record({
    op: fc.constant('merge' as const),
    value: fc.record({ name: fc.constantFrom('Ann', 'Bo'), preferences: fc.record({ lang: fc.constantFrom('de', 'en') }) }),
  }),
  fc.record({
    op: fc.constant('insert' as const),
    path: fc.constant(['addresses']),
    index: fc.constant(0),
    values: fc.constantFrom([{ city: 'Bonn' }], [{ city: 'Lyon' }]),
  }),
  fc.record({
    op: fc.constant('text' as const),
    path: fc.constant(['notes']),
    index: fc.constant(0),
    remove: fc.constant(0),
    insert: fc.constantFrom('a', 'bc'),
  }),
);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('edit' as const), region: fc.constantFrom(...regions), edit }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('tell' as const), from: fc.constantFrom(...regions), region: fc.constantFrom(...regions) }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const live = (steps: readonly Step[]): Region[] => {
  const all = new Map(regions.map((r) => [r, new Region(r)]));
  for (const s of steps) {
    const region = all.get(s.region)!;
    if (s.kind === 'edit') region.edit(s.edit);
    else region.take(...all.get(s.from)!.changes);
  }
  return [...all.values()];
};

/** "ap" hears of what "eu" did to a document before it hears of the document. */
const toldOfTheSecondFirst: Step[] = [
  { kind: 'edit', region: 'us', edit: { op: 'insert', path: ['addresses'], index: 0, values: [{ city: 'Bonn' }] } },
  { kind: 'tell', from: 'us', region: 'eu' },
  { kind: 'edit', region: 'eu', edit: { op: 'merge', value: { name: 'Ann', preferences: { lang: 'de' } } } },
  { kind: 'tell', from: 'eu', region: 'ap' },
  { kind: 'edit', region: 'ap', edit: { op: 'text', path: ['notes'], index: 0, remove: 0, insert: 'a' } },
  { kind: 'edit', region: 'ap', edit: { op: 'merge', value: { name: 'Bo', preferences: { lang: 'en' } } } },
];

describe('nested documents', () => {
  it('merge commutatively, associatively and idempotently (I6)', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const [a, b, c] = live(steps).map((r) => r.bytes ?? new Region('x').bytes);
        if (!a || !b || !c) return;
        expect(mergeDocuments(a, b).heads).toEqual(mergeDocuments(b, a).heads);
        expect(mergeDocuments(a, b).value).toEqual(mergeDocuments(b, a).value);
        const left = mergeDocuments(mergeDocuments(a, b).bytes, c);
        const right = mergeDocuments(a, mergeDocuments(b, c).bytes);
        expect({ ...left, bytes: null }).toEqual({ ...right, bytes: null });
        expect(mergeDocuments(a, a).heads).toEqual(new DocumentEngine(actorOf('x', 1)).take('', a, []).heads);
      }),
      { numRuns: 30, examples: [[toldOfTheSecondFirst]] },
    );
  });

  it('reach one state from changes in any order, with repeats, stored and loaded in between (I6)', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), fc.infiniteStream(fc.nat()), (steps, numbers) => {
        const changes = live(steps).flatMap((r) => r.changes);
        if (changes.length === 0) return;
        const straight = new Region('x');
        straight.take(...changes);
        const shuffled = [...changes, ...changes.slice(0, 2)];
        for (let i = shuffled.length - 1; i > 0; i--) {
          const j = numbers.next().value % (i + 1);
          [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
        }
        const other = new Region('y', new DocumentEngine(actorOf('y', 1), 0));
        for (const change of shuffled) other.take(change);
        expect({ ...other.last, bytes: null }).toEqual({ ...straight.last, bytes: null });
      }),
      { numRuns: 30 },
    );
  });

  it('begin as one document in two regions that create it while apart', () => {
    const [eu, us] = [new Region('eu'), new Region('us')];
    eu.edit({ op: 'insert', path: ['addresses'], index: 0, values: [{ city: 'Bonn' }] });
    us.edit(
      { op: 'insert', path: ['addresses'], index: 0, values: [{ city: 'Austin' }] },
      { op: 'set', path: ['preferences', 'lang'], value: 'en' },
    );
    eu.take(...us.changes);
    expect(eu.last?.value).toMatchObject({ preferences: { lang: 'en' } });
    expect((eu.last?.value as { addresses: unknown[] }).addresses).toHaveLength(2);
    expect(eu.last?.conflicts).toEqual([]);
  });

  it('are merged where two regions began them under two definitions, and both say what is not shown', () => {
    const [eu, us] = [new DocumentEngine(actorOf('eu', 1)), new DocumentEngine(actorOf('us', 1))];
    const mine = eu.edit('k', null, { words: ['a'] }, [{ op: 'set', path: ['name'], value: 'Ann' }], []);
    const theirs = us.edit('k', null, { words: ['b'], more: [] }, [{ op: 'set', path: ['age'], value: 4 }], []);
    const merged = eu.take('k', mine.bytes, [theirs.bytes]);
    expect({ ...us.take('k', theirs.bytes, [mine.bytes]), bytes: null }).toEqual({ ...merged, bytes: null });
    expect(merged.value).toMatchObject({ name: 'Ann', age: 4, more: [] });
    expect(merged.conflicts.map((c) => [c.path, regionOfActor(c.winner.at), regionOfActor(c.loser.at)])).toEqual([
      ['words', 'genesis', 'genesis'],
    ]);
  });

  it('name the value that lost, and whose it was', () => {
    const [eu, us] = [new Region('eu'), new Region('us')];
    eu.edit({ op: 'set', path: ['name'], value: 'Ann' });
    us.edit({ op: 'set', path: ['name'], value: 'Bo' });
    eu.take(...us.changes);
    us.take(...eu.changes);
    expect(eu.last?.conflicts).toEqual(us.last?.conflicts);
    const [conflict] = eu.last!.conflicts;
    expect([
      conflict?.path,
      conflict?.winner.value,
      regionOfActor(conflict!.winner.at),
      conflict?.loser.value,
      regionOfActor(conflict!.loser.at),
    ]).toEqual(['name', 'Bo', 'us', 'Ann', 'eu']);
  });

  it('weave concurrent edits of one text together, and replace other strings as a whole', () => {
    const [eu, us] = [new Region('eu'), new Region('us')];
    eu.edit({ op: 'set', path: ['notes'], value: 'call him' });
    us.take(...eu.changes);
    eu.edit({ op: 'replace', value: { ...genesis, notes: 'do call him' } });
    us.edit({ op: 'text', path: ['notes'], index: 8, remove: 0, insert: ' today' });
    eu.take(...us.changes);
    expect(eu.last?.value).toMatchObject({ notes: 'do call him today' });
  });

  it('make one small change of a request with many edits', () => {
    const one = new Region('eu');
    one.edit({ op: 'merge', value: {} });
    const before = one.last!.changes;
    one.edit(...Array.from({ length: 50 }, (_, i): DocumentEdit => ({ op: 'set', path: [`field${i}`], value: i })));
    expect(one.last!.changes).toBe(before + 1);
    expect(one.changes.at(-1)!.length).toBeLessThan(1_000);
  });

  it('have a change that changes nothing where one is asked for all the same, and wait for it (G8)', () => {
    const eu = new DocumentEngine(actorOf('eu', 1));
    const us = new DocumentEngine(actorOf('us', 1));
    const begun = eu.edit('k', null, genesis, [], text);
    expect(eu.edit('k', begun.bytes, genesis, [], text).change).toBeNull();
    const empty = eu.edit('k', begun.bytes, genesis, [], text, true);
    expect(empty).toMatchObject({ value: begun.value, changes: begun.changes + 1 });
    const then = eu.edit('k', empty.bytes, genesis, [{ op: 'set', path: ['name'], value: 'Ann' }], text);
    const waiting = us.take('k', begun.bytes, [then.change!]);
    expect(waiting).toMatchObject({ value: begun.value, isWaiting: true });
    expect(us.take('k', waiting.bytes, [empty.change!])).toMatchObject({ value: then.value, heads: then.heads, isWaiting: false });
  });

  it('are not begun a second time by who hears its own first changes back without their beginning', () => {
    const us = new DocumentEngine(actorOf('us', 1));
    const own = us.edit('k', null, genesis, [{ op: 'set', path: ['name'], value: 'Ann' }], text);
    const waiting = us.take('k', null, [own.change!]);
    expect(waiting).toMatchObject({ value: {}, isWaiting: true });
    const again = (): unknown => us.edit('k', waiting.bytes, genesis, [{ op: 'set', path: ['name'], value: 'Bea' }], text);
    expect(again).toThrow(expect.objectContaining({ code: 'not_yet_here', retryAfterSeconds: 1 }) as Error);
    const eu = new DocumentEngine(actorOf('eu', 1));
    const begun = eu.edit('k', eu.take('k', null, [own.change!]).bytes, genesis, [{ op: 'set', path: ['size'], value: 1 }], text);
    const whole = us.take('k', waiting.bytes, [begun.bytes]);
    expect(whole).toMatchObject({ value: { name: 'Ann', size: 1 }, isWaiting: false });
    expect(us.edit('k', whole.bytes, genesis, [{ op: 'set', path: ['name'], value: 'Bea' }], text).value).toMatchObject({
      name: 'Bea',
      size: 1,
    });
  });

  it('go back to what was stored when a transaction was rolled back', () => {
    const engine = new DocumentEngine(actorOf('eu', 1));
    const first = engine.edit('k', null, genesis, [{ op: 'set', path: ['name'], value: 'Ann' }], text);
    engine.edit('k', first.bytes, genesis, [{ op: 'set', path: ['name'], value: 'never committed' }], text);
    const again = engine.edit('k', first.bytes, genesis, [{ op: 'set', path: ['age'], value: 4 }], text);
    expect(again.value).toMatchObject({ name: 'Ann', age: 4 });
  });

  it('begin anew with what they are, the same in every region, and take what was written at their beginning since (G4)', () => {
    const value = { words: ['a', 'b'], notes: 'text' };
    const [eu, us] = [new DocumentEngine(actorOf('eu', 1)), new DocumentEngine(actorOf('us', 1))];
    const shown = eu.edit('k', null, genesis, [{ op: 'replace', value }], text);
    const other = us.edit('k', null, {}, [{ op: 'replace', value: { notes: 'text', words: ['a', 'b'] } }], text);
    const begun = eu.beginAnew('k', shown.bytes, text)!;
    expect(us.beginAnew('k', other.bytes, text)).toEqual(begun);
    expect([begun.value, begun.changes]).toEqual([value, 1]);
    const later = eu.edit('k', begun.bytes, genesis, [{ op: 'insert', path: ['words'], index: 2, values: ['c'] }], text);
    const own = eu.edit('k', later.bytes, genesis, [{ op: 'insert', path: ['words'], index: 3, values: ['d'] }], text);
    const late = eu.editBeginning('k', own.bytes, [{ op: 'replace', value: { ...value, words: ['late', 'a', 'b'] } }], text);
    expect((late.value as { words: string[] }).words).toEqual(['late', 'a', 'b', 'c', 'd']);
    const there = us.take('k', begun.bytes, [late.change!]);
    expect((there.value as { words: string[] }).words).toEqual(['late', 'a', 'b']);
    expect(us.beginAnew('k', there.bytes, text)?.value).toEqual(there.value);
    expect(us.beginAnew('k', us.take('k', there.bytes, [own.change!]).bytes, text)).toBeNull();
    expect(us.take('k', us.take('k', there.bytes, [later.change!]).bytes, [own.change!]).value).toEqual(late.value);
    expect(() => us.editBeginning('x', us.take('x', null, [own.change!]).bytes, [], text)).toThrow(
      expect.objectContaining({ code: 'invalid_input' }),
    );
  });

  it('refuse an edit whose path leads nowhere, and stay as they were', () => {
    const one = new Region('eu');
    one.edit({ op: 'set', path: ['name'], value: 'Ann' });
    for (const path of [
      ['nothing', 'here'],
      ['addresses', 3],
      ['name', 'x'],
      ['constructor', 'name'],
    ]) {
      expect(() => one.edit({ op: 'set', path, value: 1 })).toThrow();
      expect(() => one.edit({ op: 'remove', path })).toThrow();
    }
    one.edit({ op: 'set', path: ['age'], value: 4 });
    expect(one.last?.value).toMatchObject({ name: 'Ann', age: 4 });
  });
});

describe('a part that is no change of a document', () => {
  const whole = (): Uint8Array => {
    const eu = new Region('eu');
    eu.edit({ op: 'set', path: ['name'], value: 'Ann' });
    return eu.bytes!;
  };
  const change = (): Uint8Array => {
    const eu = new Region('eu');
    eu.edit({ op: 'set', path: ['name'], value: 'Ann' });
    eu.edit({ op: 'set', path: ['name'], value: 'Bo' });
    return eu.changes.at(-1)!;
  };
  const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

  it.each<[string, () => Uint8Array]>([
    ['rubbish', () => Buffer.from('rubbish that is long enough')],
    ['nothing', () => new Uint8Array()],
    ['a document with a flipped bit', () => flipped(whole(), 40)],
    ['half a document', () => whole().slice(0, 60)],
    ['a document with rubbish behind it', () => Buffer.concat([whole(), Buffer.from('rubbish')])],
    ['a change with a flipped bit', () => flipped(change(), 30)],
    ['half a change', () => change().slice(0, 20)],
  ])('is refused: %s', (_, part) => {
    const us = new Region('us');
    us.edit({ op: 'set', path: ['name'], value: 'Cy' });
    const before = us.last!.heads;
    const refused = expect.objectContaining({ code: 'poison_event' });
    expect(() => us.take(part())).toThrow(refused);
    us.edit({ op: 'set', path: ['age'], value: 3 });
    expect(us.last!.heads).not.toEqual(before);
    expect(us.last!.value).toMatchObject({ name: 'Cy', age: 3 });
  });
});
