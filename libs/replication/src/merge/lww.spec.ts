import fc from 'fast-check';
import {
  deleteLww,
  documentItself,
  emptyLww,
  latestOfLww,
  lossesOfLww,
  mergeLww,
  viewLww,
  writeLww,
  type FieldRules,
  type LwwState,
} from './lww.js';
import { expectLaws, expectOneState, historyOf, live, type Policy } from './testing/histories.js';

type Operation = { readonly set: Record<string, number>; readonly remove: readonly string[] } | 'delete';

const field = fc.constantFrom('price', 'title', 'constructor');
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ set: fc.dictionary(field, fc.nat(3), { maxKeys: 2 }), remove: fc.constant([]) }) },
  { weight: 1, arbitrary: fc.record({ set: fc.constant({}), remove: fc.uniqueArray(field, { minLength: 1, maxLength: 2 }) }) },
  { weight: 1, arbitrary: fc.constant('delete' as const) },
);

const lww: Policy<LwwState, Operation> = {
  empty: emptyLww,
  merge: mergeLww,
  latest: latestOfLww,
  write: (state, at, op) => (op === 'delete' ? deleteLww(state, at) : writeLww(state, at, op.set, op.remove)),
};

const at = (ms: number, region: string): string => `${String(ms).padStart(13, '0')}.0000.${region}`;
const plain: FieldRules = {};

describe('field by field, the last writer wins', () => {
  it('merges commutatively, associatively and idempotently (I6)', () => expectLaws(lww, operation));
  it('reaches one state from changes in any order, with repeats (I6)', () => expectOneState(lww, operation));

  it('shows the latest of the writes that nobody replaced knowingly, and loses no other silently', () => {
    fc.assert(
      fc.property(historyOf(operation), (history) => {
        // The oracle: each write of a field with its time, struck out when a write of a state that holds it follows.
        const open = new Map<string, { field: string; at: string; value?: unknown }>();
        const { changes } = live(lww, history, (before, change) => {
          for (const name of Object.keys(change.fields)) {
            for (const seen of Object.hasOwn(before.fields, name) ? before.fields[name]!.siblings : []) open.delete(`${name} ${seen.at}`);
            const written = change.fields[name]!.siblings[0]!;
            open.set(`${name} ${written.at}`, { field: name, ...written });
          }
        });
        const end = changes.reduce(mergeLww, emptyLww);
        const shown = viewLww(end, plain);
        const lost = new Set(lossesOfLww(end, plain).map((l) => `${l.field} ${l.loser.at}`));
        for (const [key, write] of open) {
          const isShown = shown !== null && Object.hasOwn(shown, write.field) && Object.is(shown[write.field], write.value);
          const isGone = write.value === undefined && (shown === null || !Object.hasOwn(shown, write.field));
          expect(isShown || isGone || lost.has(key)).toBe(true);
        }
        for (const key of lost) if (!key.startsWith(documentItself)) expect(open.has(key)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('gives a tie of time to the greater region, the same everywhere', () => {
    const [eu, us] = [writeLww(emptyLww, at(5, 'eu'), { price: 1 }), writeLww(emptyLww, at(5, 'us'), { price: 2 })];
    expect(viewLww(mergeLww(eu, us), plain)).toEqual({ price: 2 });
    expect(viewLww(mergeLww(us, eu), plain)).toEqual({ price: 2 });
  });

  it('lets a later write bring a deleted document back with what it wrote alone, and ledgers the delete', () => {
    const base = writeLww(emptyLww, at(1, 'eu'), { price: 1, title: 7 });
    const both = mergeLww(mergeLww(base, deleteLww(base, at(5, 'eu'))), writeLww(base, at(6, 'us'), { price: 2 }));
    expect(viewLww(both, plain)).toEqual({ price: 2 });
    expect(lossesOfLww(both, plain)).toContainEqual({
      field: documentItself,
      winner: { at: at(6, 'us'), value: true },
      loser: { at: at(5, 'eu'), value: false },
    });
  });

  it('lets an earlier concurrent write lose to a delete, and ledgers what it wrote', () => {
    const base = writeLww(emptyLww, at(1, 'eu'), { price: 1 });
    const both = mergeLww(mergeLww(base, deleteLww(base, at(6, 'eu'))), writeLww(base, at(5, 'us'), { price: 2, title: 3 }));
    expect(viewLww(both, plain)).toBeNull();
    expect(lossesOfLww(both, plain).map((l) => [l.field, l.loser.value])).toEqual([
      [documentItself, true],
      ['price', 2],
      ['title', 3],
    ]);
  });

  it('ledgers every value that a delete did not see, also two that say the same', () => {
    const base = writeLww(emptyLww, at(1, 'eu'), { price: 1 });
    const twice = mergeLww(writeLww(base, at(4, 'ap'), { price: 2 }), writeLww(base, at(5, 'us'), { price: 2 }));
    const gone = mergeLww(mergeLww(base, twice), deleteLww(base, at(6, 'eu')));
    const lost = lossesOfLww(gone, plain).filter((l) => l.field === 'price');
    expect(lost.map((l) => l.loser.at)).toEqual([at(4, 'ap'), at(5, 'us')]);
  });

  it('calls writes of different fields no conflict', () => {
    const base = writeLww(emptyLww, at(1, 'eu'), { price: 1 });
    const both = mergeLww(mergeLww(base, writeLww(base, at(2, 'eu'), { price: 2 })), writeLww(base, at(3, 'us'), { title: 3 }));
    expect(viewLww(both, plain)).toEqual({ price: 2, title: 3 });
    expect(lossesOfLww(both, plain)).toEqual([]);
  });

  it('resolves the same state by whatever rule the policy has: nothing is lost by a rule', () => {
    const eu = writeLww(emptyLww, at(5, 'eu'), { price: 3 });
    const us = writeLww(emptyLww, at(6, 'us'), { price: 2 });
    const both = mergeLww(eu, us);
    const shown = (rule: FieldRules[string]) => viewLww(both, { price: rule })?.['price'];
    expect([shown('last-write'), shown('first-write'), shown('highest'), shown('lowest'), shown('prefer:eu'), shown('prefer:ap')]).toEqual([
      2, 3, 3, 2, 3, 2,
    ]);
  });
});
