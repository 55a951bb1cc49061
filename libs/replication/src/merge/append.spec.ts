import fc from 'fast-check';
import { appendEntry, emptyAppend, isCorrupt, mergeAppends, type AppendState } from './append.js';
import { expectLaws, expectOneState, type Policy } from './testing/histories.js';

const body = fc.record({ total: fc.nat(2) });
const append: Policy<AppendState, { total: number }> = {
  empty: emptyAppend,
  merge: mergeAppends,
  latest: (state) => state.variants.reduce((latest, v) => (v.at > latest ? v.at : latest), ''),
  write: (_state, at, value) => appendEntry(at, value),
};

describe('an entry of an append-only collection', () => {
  it('merges commutatively, associatively and idempotently (I6)', () => expectLaws(append, body));
  it('reaches one state from changes in any order, with repeats (I6)', () => expectOneState(append, body));

  it('is the same entry when it is told again, whatever the order of its keys', () => {
    const [a, b] = [appendEntry('2', { x: 1, y: 2 }), appendEntry('1', { y: 2, x: 1 })];
    expect(mergeAppends(a, b).variants).toEqual([{ ...b.variants[0]! }]);
  });

  it('keeps both bodies where one id has two, and overwrites neither', () => {
    const both = mergeAppends(appendEntry('2', { total: 1 }), appendEntry('1', { total: 9 }));
    expect(isCorrupt(both)).toBe(true);
    expect(both.variants.map((v) => v.body)).toEqual([{ total: 9 }, { total: 1 }]);
  });
});
