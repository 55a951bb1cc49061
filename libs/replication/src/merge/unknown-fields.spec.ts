import fc from 'fast-check';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { emptyState, digestOfState, mergeStates, type DocumentState } from '../collections/document-state.js';
import type { Json } from './json.js';
import { joinJson, unknownFields } from './unknown-fields.js';

const json = fc.jsonValue({ maxDepth: 2, noUnicodeString: true }) as fc.Arbitrary<Json>;
const extras = fc.dictionary(fc.constantFrom('ttl', 'owner', 'constructor', 'toString'), json, { maxKeys: 3 });

const at = (ms: number, region: string): string => `${String(ms).padStart(13, '0')}.0000.${region}`;
const time = fc.tuple(fc.nat(3), fc.constantFrom('eu', 'us')).map(([ms, region]) => at(ms, region));

/** A register that was written once, with what a newer version has added to it. */
const register = fc.tuple(time, extras).map(([when, more]) => ({
  ...more,
  siblings: [{ at: when, value: true }],
  seen: { [when.slice(19)]: when },
}));
const states: Record<DocumentState['kind'], fc.Arbitrary<DocumentState>> = {
  lww: fc
    .tuple(extras, fc.dictionary(fc.constantFrom('a', 'b'), register), register)
    .map(([more, fields, alive]) => ({ ...more, kind: 'lww', fields, alive })),
  counter: fc
    .tuple(extras, fc.dictionary(fc.constantFrom('eu#1', 'us#1'), fc.tuple(extras, fc.nat(3)), { maxKeys: 2 }), register)
    .map(([more, rows, alive]) => ({
      ...more,
      kind: 'counter',
      rows: Object.fromEntries(Object.entries(rows).map(([writer, [own, added]]) => [writer, { ...own, added, subtracted: 0, given: {} }])),
      alive,
    })),
  append: fc
    .tuple(extras, fc.uniqueArray(fc.tuple(fc.nat(2), time, extras), { selector: ([total]) => total, minLength: 1 }))
    .map(([more, entries]) => {
      const variants = entries.map(([total, when, own]) => ({ ...own, digest: digestOf({ total }), body: { total }, at: when }));
      return mergeStates(emptyState('append'), { ...more, kind: 'append', variants });
    }),
  document: fc
    .tuple(extras, register)
    .map(([more, alive]) => ({ ...more, ...(emptyState('document') as DocumentState & { kind: 'document' }), alive })),
};

describe('fields that a newer version has added (P-SC1)', () => {
  it('are joined commutatively, associatively and idempotently, whatever they hold (I6)', () => {
    fc.assert(
      fc.property(json, json, json, (a, b, c) => {
        expect(joinJson(a, b)).toEqual(joinJson(b, a));
        expect(joinJson(joinJson(a, b), c)).toEqual(joinJson(a, joinJson(b, c)));
        expect(joinJson(a, a)).toEqual(a);
      }),
      { numRuns: 300 },
    );
  });

  it.each(Object.keys(states) as DocumentState['kind'][])(
    'of a state of kind %s are merged by the same laws, and none is lost (I6)',
    (kind) => {
      fc.assert(
        fc.property(states[kind], states[kind], states[kind], (a, b, c) => {
          const ab = mergeStates(a, b);
          expect(digestOfState(ab)).toBe(digestOfState(mergeStates(b, a)));
          expect(digestOfState(mergeStates(ab, c))).toBe(digestOfState(mergeStates(a, mergeStates(b, c))));
          expect(digestOfState(mergeStates(a, a))).toBe(digestOfState(a));
          for (const name of [...Object.keys(a), ...Object.keys(b)]) expect(Object.hasOwn(ab, name)).toBe(true);
        }),
        { numRuns: 60 },
      );
    },
  );

  it('that only grow come out as their own version has them: the greater number, the later time, every key', () => {
    expect(joinJson({ uses: 3, last: '2026-01-02', by: { eu: 1 } }, { uses: 9, last: '2026-01-01', by: { us: 2 } })).toEqual({
      uses: 9,
      last: '2026-01-02',
      by: { eu: 1, us: 2 },
    });
  });

  it('are only those that this version has no name for, and never the prototype', () => {
    const part = JSON.parse('{"alive":1,"more":2,"__proto__":{"polluted":true}}') as object;
    expect(unknownFields(part, new Set(['alive']))).toEqual({ more: 2 });
    expect((unknownFields(part, new Set()) as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
