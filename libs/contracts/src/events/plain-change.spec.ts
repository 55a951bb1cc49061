import fc from 'fast-check';
import { documentChangedEvent } from './collection-events.js';
import { isPlainChange } from './plain-change.js';

const at = (ms: number, region: string): string => `${String(1_700_000_000_000 + ms)}.0000.${region}`;
const region = fc.constantFrom('eu', 'us', 'ap-2');
const time = fc.tuple(fc.integer({ min: 0, max: 3 }), region).map(([ms, of]) => at(ms, of));

/** What one finds in such events, and what one finds in those of a careless or a hostile writer. */
const plain = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(undefined, 'a\u0000b', NaN, Infinity, -0, [], {}, new Date(0), Object.create(null), 1n, () => 1, '\ud800'),
);
const value = fc.oneof({ weight: 6, arbitrary: plain }, { weight: 1, arbitrary: odd });
const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('price', 'name', 'eu', 'us', 'ap-2') },
  { weight: 1, arbitrary: fc.constantFrom('constructor', '__proto__', 'toString', '', 'größe', '1x', 'x'.repeat(65), 'hasOwnProperty') },
);
/** By assignment of own properties, as JSON.parse does. */
const recordOf = (entries: readonly (readonly [string, unknown])[]): Record<string, unknown> => {
  const made: Record<string, unknown> = {};
  for (const [name, item] of entries)
    Object.defineProperty(made, name, { value: item, enumerable: true, configurable: true, writable: true });
  return made;
};
const record = (item: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.array(fc.tuple(key, item), { maxLength: 3 }).map(recordOf);
const sibling = fc.oneof(
  { weight: 6, arbitrary: fc.record({ at: time, value }, { requiredKeys: ['at'] }) },
  { weight: 1, arbitrary: fc.record({ at: fc.oneof(time, odd), value, more: odd }) },
);
const siblings = fc.array(sibling, { maxLength: 2 });
/** Of a writer who saw all that is there: most events are made of these, and fields drawn as strange as below are seldom all in order. */
const asParsed = { noNullPrototype: true };
const ordinary = fc.record(
  {
    siblings: fc.array(fc.record({ at: time, value: plain }, { requiredKeys: ['at'], ...asParsed }), { maxLength: 2 }),
    seen: fc.constant({ eu: at(9, 'eu'), us: at(9, 'us'), 'ap-2': at(9, 'ap-2') }),
  },
  asParsed,
);
const register = fc.oneof(
  { weight: 8, arbitrary: fc.record({ siblings, seen: fc.constant({ eu: at(9, 'eu'), us: at(9, 'us') }) }) },
  { weight: 2, arbitrary: fc.record({ siblings, seen: record(fc.oneof(time, odd)) }) },
  { weight: 1, arbitrary: fc.record({ siblings, seen: record(time), more: odd }) },
  { weight: 1, arbitrary: odd },
);
const usual = {
  collection: fc.constant('items'),
  tenant: fc.constantFrom('', 'acme'),
  id: fc.constantFrom('sku-1', 'a.b_c'),
  kind: fc.constant('lww'),
  whole: fc.boolean(),
  settled: fc.constant([]),
  change: fc.oneof(
    { weight: 1, arbitrary: fc.record({ fields: record(ordinary), alive: ordinary }, asParsed) },
    { weight: 5, arbitrary: fc.record({ fields: record(register), alive: register }) },
  ),
};
/** The usual with one of its parts replaced, left out, or added. */
const change: fc.Arbitrary<unknown> = fc
  .tuple(
    fc.record(usual),
    fc.option(fc.tuple(fc.constantFrom(...Object.keys(usual), 'purged', 'fresh', 'more'), fc.oneof(odd, fc.constant('drop'))), { freq: 1 }),
    fc.constantFrom('', 'A', 'x'.repeat(41), 'y'.repeat(64), '-a', 'a b'),
    fc.constantFrom('none', 'none', 'none', 'collection', 'tenant', 'id'),
  )
  .map(([made, replaced, text, of]) => {
    const all: Record<string, unknown> = { ...made };
    if (replaced !== null && fc.stringify(text).length % 2 === 0) {
      if (replaced[1] === 'drop') delete all[replaced[0]];
      else all[replaced[0]] = replaced[1];
    } else if (of !== 'none') all[of] = text;
    return all;
  });

const seen = { quick: 0, slow: 0, refused: 0 };

it('is true only of what the schema accepts and gives back as it is', () => {
  fc.assert(
    fc.property(change, (data) => {
      const quick = isPlainChange(data);
      const read = documentChangedEvent.safeParse(data);
      seen[quick ? 'quick' : read.success ? 'slow' : 'refused'] += 1;
      if (!quick) return;
      expect(read.success).toBe(true);
      expect(read.data).toStrictEqual(data);
    }),
    { numRuns: 6_000 },
  );
  // The generator reaches each of the three many times more often, or this shows nothing.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
});

it('is true of an ordinary change, so that it is worth asking', () => {
  const seenBy = { eu: at(5, 'eu') };
  const field = (item: unknown) => ({ siblings: [{ at: at(5, 'eu'), value: item }], seen: seenBy });
  const ordinary = {
    ...{ collection: 'items', tenant: '', id: 'item-1', kind: 'lww', whole: false, settled: [] },
    change: {
      alive: field(true),
      fields: { price: field(1.5), name: field('cup'), gone: { siblings: [{ at: at(5, 'eu') }], seen: seenBy } },
    },
  };
  expect(isPlainChange(ordinary)).toBe(true);
  expect(isPlainChange(JSON.parse(JSON.stringify(ordinary)))).toBe(true);
  // R1: nobody saw it.
  expect(isPlainChange({ ...ordinary, change: { ...ordinary.change, alive: { ...field(true), seen: { eu: at(4, 'eu') } } } })).toBe(false);
});
