import fc from 'fast-check';
import { live, historyOf } from '../merge/testing/histories.js';
import { deleteLww, emptyLww, latestOfLww, mergeLww, writeLww, type LwwState } from '../merge/lww.js';
import type { Json } from '../merge/json.js';
import { canonicalJson, digestOf } from '@lapidary/kernel/canonical-json';
import { digestOfState, emptyState, textOfState, type DocumentState } from './document-state.js';
import { keptOf, stateOfKept } from './packed-state.js';

const json = fc.jsonValue({ maxDepth: 2, stringUnit: 'binary' }) as fc.Arbitrary<Json>;
/** Names that every object has, too, and the one that can't be assigned. */
const names = fc.constantFrom('price', 'title', 'constructor', '__proto__', 'value', 'times');
const operation = fc.oneof(
  { weight: 5, arbitrary: fc.array(fc.tuple(names, json), { minLength: 1, maxLength: 3 }).map((set) => ({ set, remove: [] as string[] })) },
  {
    weight: 2,
    arbitrary: fc.tuple(names, names, json).map(([gone, name, value]) => ({ set: [[name, value]] as [string, Json][], remove: [gone] })),
  },
  { weight: 1, arbitrary: fc.constant(null) },
);
const policy = {
  empty: emptyLww as LwwState,
  merge: mergeLww,
  latest: latestOfLww,
  write: (state: LwwState, at: string, write: { readonly set: [string, Json][]; readonly remove: string[] } | null): LwwState =>
    write === null ? deleteLww(state, at) : writeLww(state, at, Object.fromEntries(write.set), write.remove),
};

/** As a database gives it back. */
const again = (state: DocumentState): DocumentState => {
  const { text, isPacked } = keptOf(state);
  return stateOfKept(isPacked ? { state: null, packed: text } : { state: JSON.parse(text) as DocumentState, packed: null });
};

describe('states as they are kept, and their text', () => {
  it('come back as they were, whatever was written, removed and deleted in regions that know of each other or not', () => {
    fc.assert(
      fc.property(historyOf(operation), (history) => {
        const { states, changes } = live(policy, history);
        for (const lww of [...states, ...changes]) {
          const state: DocumentState = { kind: 'lww', ...lww };
          expect(textOfState(again(state))).toBe(textOfState(state));
          expect(textOfState(state)).toBe(canonicalJson(state));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('come back with all that a newer version has added: to the state, to a register, to a value (P-SC1)', () => {
    const at = '1735689600000.0000.eu';
    const seen = { eu: at };
    const plain = { siblings: [{ at, value: 1 }], seen };
    const fields = {
      plain,
      more: { ...plain, ttl: 5 },
      sibling: { siblings: [{ at, value: 1, unit: 'kg' }], seen },
      // Not of the region that its time names.
      other: { siblings: [{ at, value: 1 }], seen: { us: at } },
      odd: { siblings: [{ at, value: 1 }], seen: JSON.parse('{"__proto__":"1735689600000.0000.__proto__"}') as Record<string, string> },
    };
    const state = { kind: 'lww', fields, alive: plain, owner: 'team', times: ['a'] } as unknown as DocumentState;
    expect(digestOfState(again(state))).toBe(digestOf(state));
    for (const fields of Object.entries(state.kind === 'lww' ? state.fields : {}).map(([name, register]) => ({ [name]: register })))
      expect(textOfState({ kind: 'lww', fields, alive: plain })).toBe(canonicalJson({ kind: 'lww', fields, alive: plain }));
  });

  it('take a third of what they are in words, of ten fields that were written at three times', () => {
    const [first, second, third] = ['1735689600000.0000.eu', '1735689600001.0000.us', '1735689600002.0000.eu'] as const;
    const written = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`field${i}`, `value ${i}`]));
    const before = writeLww(emptyLww, first, written);
    const state: DocumentState = {
      kind: 'lww',
      ...mergeLww(mergeLww(before, writeLww(before, second, { field1: 'x' })), writeLww(before, third, { field2: 'y' })),
    };
    expect(keptOf(state).text.length).toBeLessThan(textOfState(state).length / 3);
  });

  it.each(['counter', 'append', 'document'] as const)('of kind %s lie as they are', (kind) => {
    const state = emptyState(kind);
    expect(keptOf(state)).toEqual({ text: textOfState(state), isPacked: false });
    expect(again(state)).toEqual(state);
  });

  it.each(['\u0000', 'a\ud800', '\udfff'])('lie as they are where the database is to refuse what is in them: %j', (value) => {
    const state: DocumentState = { kind: 'lww', ...writeLww(emptyLww, '1735689600000.0000.eu', { a: value }) };
    expect(keptOf(state)).toEqual({ text: textOfState(state), isPacked: false });
  });

  it('that nobody can read any more are refused, and not taken for others', () => {
    const packed = keptOf({ kind: 'lww', ...writeLww(emptyLww, '1735689600000.0000.eu', { a: 1 }) }).text;
    for (const rotten of [packed.slice(1), packed.replace('[1,0,1,0]', '[1,7,1,0]'), packed.replace('"alive"', '"alivf"'), 'null', '[]'])
      expect(() => stateOfKept({ state: null, packed: rotten })).toThrow();
  });
});
