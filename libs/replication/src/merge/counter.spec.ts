import fc from 'fast-check';
import {
  beginLife,
  counterWriter,
  emptyCounter,
  forgetLives,
  lifeOfCounter,
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

describe('a counter that was purged', () => {
  const at = (region: string): string => `0000000000001.0000.${region}`;
  const steps = fc.array(fc.record({ region: fc.constantFrom(...regions), operation, heard: fc.boolean() }), { maxLength: 30 });
  type Steps = typeof steps extends fc.Arbitrary<infer S> ? S : never;

  /** Operates bounded counters, each in its region; who hears merges what everybody told so far. Returns what was added in all. */
  const operate = (states: Map<string, CounterState>, taken: Steps): number => {
    let total = 0;
    for (const { region, operation: op, heard } of taken) {
      if (heard) states.set(region, [...states.values()].reduce(mergeCounters));
      const state = states.get(region)!;
      const outcome = operateCounter(state, region, 1, op, true);
      if (!outcome.ok) continue;
      states.set(region, { ...state, rows: { ...state.rows, [counterWriter(region, 1, lifeOfCounter(state))]: outcome.row } });
      total += op.op === 'add' ? op.units : op.op === 'subtract' ? -op.units : 0;
      for (const now of states.values()) {
        expect(valueOfCounter(now)).toBeGreaterThanOrEqual(0);
        for (const rights of Object.values(rightsOf(now))) expect(rights).toBeGreaterThanOrEqual(0);
      }
    }
    return total;
  };
  const everywhere = (state: CounterState): Map<string, CounterState> => new Map(regions.map((r) => [r, state]));
  const known = (before: Steps): { readonly state: CounterState; readonly value: number } => {
    const states = everywhere(emptyCounter);
    const value = operate(states, before);
    const merged = [...states.values()].reduce(mergeCounters);
    return { state: { ...merged, alive: writeRegister(merged.alive, at('eu'), false) }, value };
  };

  it('begins at zero for who knows of it, also where one has forgotten and others have not, and after several purges (C3, C4)', () => {
    fc.assert(
      fc.property(steps, steps, steps, fc.array(fc.boolean(), { minLength: regions.length }), (before, first, second, forgot) => {
        let { state } = known(before);
        for (const after of [first, second]) {
          state = beginLife(state);
          expect([valueOfCounter(state), sum(rightsOf(state))]).toEqual([0, 0]);
          const left = { ...state, ...forgetLives(state) };
          const states = new Map(regions.map((r, i) => [r, forgot[i] ? left : state]));
          const value = operate(states, after);
          state = [...states.values()].reduce(mergeCounters);
          expect(valueOfCounter(state)).toBe(value);
        }
      }),
    );
  });

  it('goes on with all that was ever counted where somebody who had not heard of it did, and is never below zero (C3, C4)', () => {
    let wentOn = 0;
    fc.assert(
      fc.property(steps, steps, steps, (before, alone, after) => {
        const { state, value } = known(before);
        const [unknowing, ...others] = regions;
        // Cut off from who knows of the purge: what it does, it does on what was.
        const apart = new Map([[unknowing, state]]);
        const there = operate(
          apart,
          alone.map((s) => ({ ...s, region: unknowing })).filter((s) => s.operation.op !== 'give'),
        );
        const knowing = new Map(others.map((r) => [r, beginLife(state)] as const));
        const here = operate(
          knowing,
          after.filter((s) => s.region !== unknowing),
        );
        const joined = mergeCounters([...knowing.values()].reduce(mergeCounters), apart.get(unknowing)!);
        const isUntouched = JSON.stringify(apart.get(unknowing)!.rows) === JSON.stringify(state.rows);
        if (!isUntouched) wentOn++;
        expect(valueOfCounter(joined)).toBe(isUntouched ? here : value + there + here);
        operate(everywhere(joined), before);
      }),
    );
    expect(wentOn).toBeGreaterThan(10);
  });
});
