import fc from 'fast-check';
import {
  counterWriter,
  emptyCounter,
  mergeCounters,
  operateCounter,
  rightsOf,
  valueOfCounter,
  type CounterOperation,
  type CounterState,
} from './counter.js';
import { latestOf, writeRegister } from './register.js';
import { expectLaws, expectOneState, historyOf, live, regions, type Policy } from './testing/histories.js';

const units = fc.integer({ min: 1, max: 9 });
const operation: fc.Arbitrary<CounterOperation> = fc.oneof(
  fc.record({ op: fc.constant('add' as const), units }),
  fc.record({ op: fc.constant('subtract' as const), units }),
  fc.record({ op: fc.constant('give' as const), units, to: fc.constantFrom(...regions) }),
);

const counter = (bounded: boolean): Policy<CounterState, CounterOperation> => ({
  empty: emptyCounter,
  merge: mergeCounters,
  latest: (state) => latestOf(state.alive),
  write: (state, _at, op, region) => {
    const outcome = operateCounter(state, region, 1, op, bounded);
    return outcome.ok ? { ...state, rows: { ...state.rows, [counterWriter(region, 1)]: outcome.row } } : null;
  },
});

const sum = (rights: Record<string, number>): number => Object.values(rights).reduce((a, b) => a + b, 0);

describe('a counter', () => {
  it('merges commutatively, associatively and idempotently (I6)', () => expectLaws(counter(true), operation));
  it('reaches one state from changes in any order, with repeats (I6)', () => expectOneState(counter(false), operation));

  it('is never below zero where it is bounded, in any region at any time (C2, C3)', () => {
    fc.assert(
      fc.property(historyOf(operation), (history) => {
        for (const state of live(counter(true), history).states) {
          expect(valueOfCounter(state)).toBeGreaterThanOrEqual(0);
          for (const rights of Object.values(rightsOf(state))) expect(rights).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is never below zero for who hears only some of the changes, in any order (C3)', () => {
    fc.assert(
      fc.property(historyOf(operation), fc.infiniteStream(fc.boolean()), (history, coin) => {
        const heard = live(counter(true), history)
          .changes.filter(() => coin.next().value)
          .reverse();
        let state = emptyCounter;
        for (const change of heard) {
          state = mergeCounters(state, change);
          expect(valueOfCounter(state)).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('hands out exactly its value as rights, and gives nothing up in giving (C1)', () => {
    fc.assert(
      fc.property(historyOf(operation), (history) => {
        for (const state of live(counter(true), history).states) expect(sum(rightsOf(state))).toBe(valueOfCounter(state));
      }),
    );
  });

  it('keeps every addition and subtraction of every region: nobody overwrites anybody', () => {
    fc.assert(
      fc.property(historyOf(operation), (history) => {
        const { changes } = live(counter(false), history);
        const expected = history.reduce((total, step) => {
          if (step.kind !== 'write' || step.operation.op === 'give') return total;
          return total + (step.operation.op === 'add' ? step.operation.units : -step.operation.units);
        }, 0);
        expect(valueOfCounter(changes.reduce(mergeCounters, emptyCounter))).toBe(expected);
      }),
    );
  });

  it('counts on under a new epoch after its database was restored', () => {
    const change = (state: CounterState, epoch: number, op: CounterOperation): CounterState => {
      const outcome = operateCounter(state, 'eu', epoch, op, false);
      return outcome.ok ? { ...state, rows: { ...state.rows, [counterWriter('eu', epoch)]: outcome.row } } : state;
    };
    const told = change(change(emptyCounter, 1, { op: 'add', units: 10 }), 1, { op: 'subtract', units: 4 });
    const restored = change(emptyCounter, 1, { op: 'add', units: 10 });
    const after = change(restored, 2, { op: 'subtract', units: 3 });
    expect(valueOfCounter(mergeCounters(told, after))).toBe(3);
  });

  it('refuses what exceeds its rights or exact arithmetic', () => {
    expect(operateCounter(emptyCounter, 'eu', 1, { op: 'subtract', units: 1 }, true)).toEqual({ ok: false, why: 'no-rights', rights: 0 });
    expect(operateCounter(emptyCounter, 'eu', 1, { op: 'add', units: Number.MAX_SAFE_INTEGER + 1 }, true)).toMatchObject({
      why: 'too-large',
    });
  });

  it('is a row a region and epoch, however often it was operated and deleted: what its tombstone takes is bounded', () => {
    const afterMany = (rounds: number): CounterState => {
      let state = emptyCounter;
      for (let n = 0; n < rounds; n++)
        for (const region of regions) {
          const outcome = operateCounter(state, region, 1, { op: 'add', units: 1 }, false);
          if (!outcome.ok) throw new Error('refused');
          const at = `${String(2 * n).padStart(13, '0')}.0000.${region}`;
          const rows = { ...state.rows, [counterWriter(region, 1)]: outcome.row };
          state = { rows, alive: writeRegister(writeRegister(state.alive, at, true), at.replace('.0000.', '.0001.'), false) };
        }
      return state;
    };
    const bytes = (state: CounterState): number => JSON.stringify(state).length;
    expect(Object.keys(afterMany(1_000).rows)).toHaveLength(regions.length);
    // Numbers have more digits, and that is all.
    expect(bytes(afterMany(1_000)) - bytes(afterMany(1))).toBeLessThan(10 * regions.length);
  });
});
