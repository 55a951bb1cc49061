import fc from 'fast-check';
import type { LimitSpec } from '@lapidary/contracts/limits';
import { limitKinds, limitOf } from './limit-kinds.js';
import type { Limit, LimitKind } from './limit.js';

interface Case {
  readonly spec: fc.Arbitrary<LimitSpec>;
  /** Most that may be let out within any time of `ms`, by the algorithm's own statement. */
  readonly most: (spec: never, ms: number) => number;
}

const perSecond = fc.double({ min: 0.5, max: 200, noNaN: true });
const max = fc.integer({ min: 1, max: 40 });
const windowSeconds = fc.integer({ min: 1, max: 5 });
const windows = (ms: number, windowSecondsOf: number): number => Math.ceil(ms / (windowSecondsOf * 1000));

/** Concurrency bounds no rate; it has a test of its own. */
const cases: Record<Exclude<LimitKind, 'concurrency'>, Case> = {
  token_bucket: {
    spec: fc.record({ kind: fc.constant('token_bucket' as const), perSecond, burst: max }),
    most: (spec: Extract<LimitSpec, { kind: 'token_bucket' }>, ms) => spec.burst + (spec.perSecond * ms) / 1000,
  },
  sliding_window: {
    spec: fc.record({ kind: fc.constant('sliding_window' as const), max, windowSeconds }),
    most: (spec: Extract<LimitSpec, { kind: 'sliding_window' }>, ms) => spec.max * Math.max(1, windows(ms, spec.windowSeconds)),
  },
  fixed_window: {
    spec: fc.record({ kind: fc.constant('fixed_window' as const), max, windowSeconds }),
    most: (spec: Extract<LimitSpec, { kind: 'fixed_window' }>, ms) => spec.max * (windows(ms, spec.windowSeconds) + 1),
  },
  leaky_bucket: {
    spec: fc.record({ kind: fc.constant('leaky_bucket' as const), perSecond, queue: fc.integer({ min: 0, max: 20 }) }),
    most: (spec: Extract<LimitSpec, { kind: 'leaky_bucket' }>, ms) => 1 + (spec.perSecond * ms) / 1000,
  },
};

const arrivals = fc.array(
  fc.oneof(fc.constant(0), fc.double({ min: 0, max: 30, noNaN: true }), fc.double({ min: 0, max: 3000, noNaN: true })),
  {
    minLength: 1,
    maxLength: 300,
  },
);
/** Times at which each of those that were let through was let out, and the refusals' waits. */
const run = (limit: Limit, gaps: readonly number[], shares: readonly number[] = [1], startMs = 1): number[] => {
  const out: number[] = [];
  const states = shares.map(() => new Float64Array(limit.width));
  let nowMs = startMs;
  gaps.forEach((gap, i) => {
    nowMs += gap;
    const router = i % shares.length;
    const s = states[router]!;
    if (limit.check(s, 0, nowMs, shares[router]!) > 0) return;
    out.push(nowMs + limit.take(s, 0, nowMs, shares[router]!));
  });
  return out.sort((a, b) => a - b);
};
const exceeds = (out: readonly number[], most: (ms: number) => number, extra = 0): string | null => {
  for (let i = 0; i < out.length; i += 1) {
    for (let j = i; j < out.length; j += 1) {
      const bound = most(out[j]! - out[i]!) + extra;
      if (j - i + 1 > bound + 1e-3) return `${j - i + 1} within ${out[j]! - out[i]!} ms, bound ${bound}`;
    }
  }
  return null;
};

it('every algorithm is held to its bound', () => expect([...Object.keys(cases), 'concurrency'].sort()).toEqual([...limitKinds].sort()));

describe.each(Object.entries(cases))('%s (P-TH1)', (_, { spec, most }) => {
  it('never lets more through than its bound, over any time', () => {
    fc.assert(
      fc.property(spec, arrivals, (limit, gaps) => {
        expect(exceeds(run(limitOf(limit), gaps), (ms) => most(limit as never, ms))).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it('nor do three routers whose shares sum to one, but for the one that each may always do', () => {
    fc.assert(
      fc.property(spec, arrivals, (limit, gaps) => {
        const out = run(limitOf(limit), gaps, [0.6, 0.3, 0.1]);
        const windowsOf = 'windowSeconds' in limit ? (ms: number) => windows(ms, limit.windowSeconds) + 1 : () => 1;
        expect(exceeds(out, (ms) => most(limit as never, ms) + 3 * windowsOf(ms))).toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  it('says when to come back, and then has room; not before, but for a fraction of a window', () => {
    fc.assert(
      fc.property(spec, arrivals, (limit, gaps) => {
        const made = limitOf(limit);
        const s = new Float64Array(made.width);
        let nowMs = 1;
        for (const gap of gaps) {
          nowMs += gap;
          const waitMs = made.check(s, 0, nowMs, 1);
          expect(waitMs > 0).toBe(made.remaining(s, 0, nowMs, 1) === 0);
          if (waitMs === 0) made.take(s, 0, nowMs, 1);
          else expect(made.check(s.slice(), 0, nowMs + waitMs + 0.01, 1)).toBe(0);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('a key that is called idle behaves as one that was never seen', () => {
    fc.assert(
      fc.property(spec, arrivals, fc.double({ min: 0, max: 200_000, noNaN: true }), arrivals, (limit, before, pauseMs, after) => {
        const made = limitOf(limit);
        const used = new Float64Array(made.width);
        let nowMs = 1;
        for (const gap of before) if (made.check(used, 0, (nowMs += gap), 1) === 0) made.take(used, 0, nowMs, 1);
        nowMs += pauseMs;
        if (nowMs < made.idleFromMs(used, 0)) return;
        const fresh = new Float64Array(made.width);
        for (const gap of after) {
          nowMs += gap;
          const [a, b] = [made.check(used, 0, nowMs, 1), made.check(fresh, 0, nowMs, 1)];
          expect(a).toBeCloseTo(b, 3);
          if (a === 0) for (const s of [used, fresh]) made.take(s, 0, nowMs, 1);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('lets a lone request through, whatever the share', () => {
    fc.assert(
      fc.property(spec, fc.double({ min: 0.01, max: 1, noNaN: true }), (limit, share) => {
        const made = limitOf(limit);
        expect(made.check(new Float64Array(made.width), 0, 5_000, share)).toBe(0);
      }),
    );
  });
});

describe('concurrency (P-TH1)', () => {
  it('never has more under way than its bound, whatever comes and ends in whatever order', () => {
    fc.assert(
      fc.property(max, fc.array(fc.boolean(), { maxLength: 300 }), (bound, steps) => {
        const limit = limitOf({ kind: 'concurrency', max: bound });
        const s = new Float64Array(1);
        let underWay = 0;
        for (const comes of steps) {
          if (comes && limit.check(s, 0, 0, 1) === 0) underWay += 1 + limit.take(s, 0, 0, 1);
          else if (!comes && underWay > 0) {
            underWay -= 1;
            limit.give(s, 0);
          }
          expect(underWay).toBeLessThanOrEqual(bound);
          expect(limit.remaining(s, 0, 0, 1)).toBe(bound - underWay);
          expect(limit.idleFromMs(s, 0)).toBe(underWay === 0 ? 0 : Infinity);
        }
      }),
    );
  });
});
