import { advanceHlc, formatHlc, parseHlc } from '@lapidary/kernel/hybrid-logical-clock';
import fc from 'fast-check';

/** What happened in a few regions: writes by local clocks that disagree, and one region telling another. */
export type Step<O> =
  | { readonly kind: 'write'; readonly region: string; readonly skewMs: number; readonly operation: O }
  | { readonly kind: 'tell'; readonly from: string; readonly to: string };

export const regions = ['ap', 'eu', 'us'] as const;

export const historyOf = <O>(operation: fc.Arbitrary<O>): fc.Arbitrary<Step<O>[]> => {
  const region = fc.constantFrom(...regions);
  return fc.array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('write' as const), region, skewMs: fc.integer({ min: 0, max: 20 }), operation }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('tell' as const), from: region, to: region }) },
    ),
    { maxLength: 25 },
  );
};

export interface Policy<S, O> {
  readonly empty: S;
  readonly merge: (a: S, b: S) => S;
  readonly latest: (state: S) => string;
  /** The change that a write makes, to be merged; null where it is refused. */
  readonly write: (state: S, at: string, operation: O, region: string) => S | null;
}

export interface Lived<S> {
  /** Each region's state at the end. */
  readonly last: ReadonlyMap<string, S>;
  /** Every change and every state on the way. */
  readonly changes: readonly S[];
  readonly states: readonly S[];
}

/** Lives through a history. Only what regions can really reach comes out: laws of merging hold for these, not for any object. */
export const live = <S, O>(
  policy: Policy<S, O>,
  history: readonly Step<O>[],
  onWrite?: (before: S, change: S, region: string) => void,
): Lived<S> => {
  const last = new Map<string, S>(regions.map((r) => [r, policy.empty]));
  const changes: S[] = [];
  const states: S[] = [policy.empty];
  for (const [i, step] of history.entries()) {
    const region = step.kind === 'write' ? step.region : step.to;
    const before = last.get(region)!;
    let change: S | null;
    if (step.kind === 'tell') change = last.get(step.from)!;
    else {
      const seen = parseHlc(policy.latest(before)) ?? undefined;
      const at = formatHlc(advanceHlc({ ms: 0, counter: 0, region }, 1_000 + i + step.skewMs, seen));
      change = policy.write(before, at, step.operation, region);
      if (change !== null) {
        changes.push(change);
        onWrite?.(before, change, region);
      }
    }
    if (change === null) continue;
    last.set(region, policy.merge(before, change));
    states.push(last.get(region)!);
  }
  return { last, changes, states };
};

/** Merging is commutative, associative and idempotent over everything that a history brings about (I6). */
export const expectLaws = <S, O>(policy: Policy<S, O>, operation: fc.Arbitrary<O>): void => {
  fc.assert(
    fc.property(historyOf(operation), fc.nat(), fc.nat(), fc.nat(), (history, x, y, z) => {
      const { changes, states } = live(policy, history);
      const all = [...states, ...changes];
      const [a, b, c] = [x, y, z].map((n) => all[n % all.length]!) as [S, S, S];
      expect(policy.merge(a, b)).toEqual(policy.merge(b, a));
      expect(policy.merge(policy.merge(a, b), c)).toEqual(policy.merge(a, policy.merge(b, c)));
      expect(policy.merge(a, a)).toEqual(a);
    }),
    { numRuns: 400 },
  );
};

/** Changes give one state in every order, however often each comes, as long as a region's own come in its order at least once. */
export const expectOneState = <S, O>(policy: Policy<S, O>, operation: fc.Arbitrary<O>): void => {
  fc.assert(
    fc.property(historyOf(operation), fc.infiniteStream(fc.nat()), (history, numbers) => {
      const { changes } = live(policy, history);
      const inOrder = changes.reduce(policy.merge, policy.empty);
      const shuffled = changes.flatMap((c) => [c, ...(numbers.next().value % 3 === 0 ? [c] : [])]);
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = numbers.next().value % (i + 1);
        [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
      }
      expect(shuffled.reduce(policy.merge, policy.empty)).toEqual(inOrder);
    }),
    { numRuns: 400 },
  );
};
