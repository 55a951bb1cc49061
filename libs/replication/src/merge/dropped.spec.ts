import fc from 'fast-check';
import { digestOfState, mergeStates, textOfState, type DocumentState } from '../collections/document-state.js';
import { keptOf, stateOfKept } from '../collections/packed-state.js';
import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { removedFields, withoutRemoved } from './dropped.js';
import { joinRecords } from './json.js';
import { deleteLww, emptyLww, latestOfLww, lossesOfLww, mergeLww, viewLww, writeLww, type LwwState } from './lww.js';
import { mergeRegisters } from './register.js';
import { expectLaws, expectOneState, historyOf, live, type Policy } from './testing/histories.js';
import { joinUnknown } from './unknown-fields.js';

type Operation = { readonly set: Record<string, number>; readonly remove: readonly string[] } | 'delete' | 'drop';

const field = fc.constantFrom('price', 'title', 'constructor', '__proto__');
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ set: fc.dictionary(field, fc.nat(3), { maxKeys: 2 }), remove: fc.constant([]) }) },
  { weight: 3, arbitrary: fc.record({ set: fc.constant({}), remove: fc.uniqueArray(field, { minLength: 1, maxLength: 2 }) }) },
  { weight: 1, arbitrary: fc.constant('delete' as const) },
  { weight: 2, arbitrary: fc.constant('drop' as const) },
);

/** Drops whenever it likes, also what others do not know: to merge must do without knowing who knows what. */
const policyOf = (merge: (a: LwwState, b: LwwState) => LwwState): Policy<LwwState, Operation> => ({
  empty: emptyLww,
  merge,
  latest: latestOfLww,
  write: (state, at, op) =>
    op === 'drop'
      ? withoutRemoved(state, state.alive.seen)
      : op === 'delete'
        ? deleteLww(state, at)
        : writeLww(state, at, op.set, op.remove),
});
const lww = policyOf(mergeLww);

const at = (ms: number, region: string): string => `${String(ms).padStart(13, '0')}.0000.${region}`;
const stateOf = (state: LwwState): DocumentState => ({ kind: 'lww', ...state });
const dropAll = (state: LwwState): LwwState => withoutRemoved(state, state.alive.seen)!;

describe('fields that were removed and dropped', () => {
  it('merge commutatively, associatively and idempotently, whenever they are dropped (I6)', () => expectLaws(lww, operation));
  it('reach one state from changes in any order, with repeats (I6)', () => expectOneState(lww, operation));

  it('have one text, one digest, and lie in a database as they are', () => {
    fc.assert(
      fc.property(historyOf(operation), (history) => {
        const { changes } = live(lww, history);
        const [there, back] = [changes, changes.toReversed()].map((all) => stateOf(all.reduce(mergeLww, emptyLww))) as [
          DocumentState,
          DocumentState,
        ];
        expect(digestOfState(there)).toBe(digestOfState(back));
        expect(textOfState(there)).toBe(canonicalJson(there));
        const { text, isPacked } = keptOf(there);
        const kept = isPacked ? { state: null, packed: text } : { state: JSON.parse(text) as DocumentState, packed: null };
        expect(digestOfState(stateOfKept(kept))).toBe(digestOfState(there));
        // Whoever is told all of it begins with the same.
        expect(mergeStates(stateOf(emptyLww), there)).toEqual(there);
      }),
      { numRuns: 300 },
    );
  });

  it('take no value along that somebody wrote and nobody has replaced: it is shown, or a loss', () => {
    fc.assert(
      fc.property(historyOf(operation), (history) => {
        const open = new Map<string, { readonly field: string; readonly value: unknown }>();
        const { changes } = live(lww, history, (before, change) => {
          if (change.dropped) return;
          for (const [name, register] of Object.entries(change.fields)) {
            for (const seen of Object.hasOwn(before.fields, name) ? before.fields[name]!.siblings : []) open.delete(`${name} ${seen.at}`);
            const [written] = register.siblings;
            if (written!.value !== undefined) open.set(`${name} ${written!.at}`, { field: name, value: written!.value });
          }
        });
        const end = changes.reduce(mergeLww, emptyLww);
        const shown = viewLww(end, {});
        const lost = new Set(lossesOfLww(end, {}).map((l) => `${l.field} ${l.loser.at}`));
        for (const [key, { field: name, value }] of open)
          expect(lost.has(key) || (shown !== null && Object.hasOwn(shown, name) && Object.is(shown[name], value))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('leave nothing behind but how far they were dropped, and the document with what it has', () => {
    const names = Array.from({ length: 300 }, (_, i) => `field-${i}`);
    const filled = mergeLww(emptyLww, writeLww(emptyLww, at(1, 'eu'), { owner: 'ann', ...Object.fromEntries(names.map((n) => [n, 1])) }));
    const emptied = mergeLww(filled, writeLww(filled, at(2, 'eu'), {}, names));
    expect(removedFields(emptied)).toBe(300);
    const dropped = mergeLww(emptied, dropAll(emptied));
    expect(dropped).toEqual(dropAll(emptied));
    expect([viewLww(dropped, {}), removedFields(dropped), dropped.dropped]).toEqual([{ owner: 'ann' }, 0, { eu: at(2, 'eu') }]);
    expect(textOfState(stateOf(dropped)).length).toBeLessThan(300);
    expect(withoutRemoved(dropped, dropped.alive.seen)).toBeNull();
  });

  it('do not come back from who tells of an older write, in part or whole', () => {
    const first = mergeLww(emptyLww, writeLww(emptyLww, at(1, 'us'), { price: 1, title: 2 }));
    const removed = mergeLww(first, writeLww(first, at(2, 'eu'), {}, ['price']));
    const dropped = mergeLww(removed, dropAll(removed));
    for (const old of [first, removed, writeLww(emptyLww, at(1, 'us'), { price: 1 })]) expect(mergeLww(dropped, old)).toEqual(dropped);
    // One that knows the drop alone, and hears of what was before it afterwards.
    expect(mergeLww(mergeLww(emptyLww, dropAll(removed)), first)).toEqual(dropped);
  });

  it('are written anew as if they had been seen, by who dropped them and by who has not heard of it', () => {
    const first = mergeLww(emptyLww, writeLww(emptyLww, at(1, 'us'), { price: 1 }));
    const removed = mergeLww(first, writeLww(first, at(2, 'eu'), {}, ['price']));
    const dropped = mergeLww(removed, dropAll(removed));
    const [knowing, unknowing] = [writeLww(dropped, at(4, 'eu'), { price: 4 }), writeLww(removed, at(3, 'us'), { price: 3 })];
    expect(viewLww(mergeLww(removed, knowing), {})).toEqual({ price: 4 });
    expect(lossesOfLww(mergeLww(removed, knowing), {})).toEqual([]);
    expect(viewLww(mergeLww(dropped, unknowing), {})).toEqual({ price: 3 });
    const both = mergeLww(mergeLww(dropped, knowing), unknowing);
    expect(lossesOfLww(both, {}).map((l) => l.loser.value)).toEqual([3]);
  });

  it('stay where a write of them is later than what everybody knows, and where somebody wrote a value meanwhile', () => {
    const first = mergeLww(emptyLww, writeLww(emptyLww, at(1, 'eu'), { price: 1, title: 1 }));
    const removed = mergeLww(first, writeLww(first, at(2, 'eu'), {}, ['price', 'title']));
    expect(withoutRemoved(removed, first.alive.seen)).toBeNull();
    const both = mergeLww(removed, writeLww(first, at(3, 'us'), { price: 3 }));
    expect(Object.keys(withoutRemoved(both, { eu: at(2, 'eu') })!.fields)).toEqual(['price']);
  });

  it('are kept, with everything else, by a version that does not know of drops, and gone again where one merges that does', () => {
    const old = (a: LwwState, b: LwwState): LwwState => ({
      ...joinUnknown(a, b, new Set(['kind', 'fields', 'alive'])),
      fields: joinRecords(a.fields, b.fields, mergeRegisters),
      alive: mergeRegisters(a.alive, b.alive),
    });
    const first = mergeLww(emptyLww, writeLww(emptyLww, at(1, 'us'), { price: 1, title: 2 }));
    const removed = mergeLww(first, writeLww(first, at(2, 'eu'), {}, ['price']));
    const drop = dropAll(removed);
    const kept = old(removed, drop);
    expect([kept.dropped, removedFields(kept), viewLww(kept, {})]).toEqual([drop.dropped, 1, { title: 2 }]);
    // It writes, and tells of all that it has.
    const written = old(kept, {
      fields: { title: { siblings: [{ at: at(5, 'us'), value: 5 }], seen: { us: at(5, 'us') } } },
      alive: { siblings: [{ at: at(5, 'us'), value: true }], seen: { us: at(5, 'us') } },
    });
    expect(viewLww(mergeLww(drop, written), {})).toEqual({ title: 5 });
    expect(removedFields(mergeLww(drop, written))).toBe(0);
  });
});
