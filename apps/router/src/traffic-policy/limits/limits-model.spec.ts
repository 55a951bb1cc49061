import fc from 'fast-check';
import type { LimitSpec } from '@lapidary/contracts/limits';
import { limited } from '../over-limit.js';
import { limitOf } from './limit-kinds.js';
import type { LimitKind } from './limit.js';

type Timed = Exclude<LimitKind, 'concurrency'>;
type SpecOf<K extends LimitKind> = Extract<LimitSpec, { kind: K }>;

/** By the words of an algorithm, slow and in whole milliseconds, so that every edge is exact: the times of all that were let through, and whether one more is. */
type Model<K extends Timed> = (spec: SpecOf<K>, passedMs: readonly number[], nowMs: number) => boolean;

const models: { readonly [K in Timed]: Model<K> } = {
  token_bucket: ({ perSecond, burst }, passedMs, nowMs) => {
    const eachMs = 1000 / perSecond;
    let drainedAtMs = -Infinity;
    for (const atMs of passedMs) drainedAtMs = Math.max(drainedAtMs, atMs) + eachMs;
    return Math.max(drainedAtMs, nowMs) + eachMs <= nowMs + burst * eachMs;
  },
  leaky_bucket: ({ perSecond, queue }, passedMs, nowMs) => {
    const eachMs = 1000 / perSecond;
    let freeAtMs = -Infinity;
    for (const atMs of passedMs) freeAtMs = Math.max(freeAtMs, atMs) + eachMs;
    return freeAtMs - nowMs <= queue * eachMs;
  },
  fixed_window: ({ max, windowSeconds }, passedMs, nowMs) => {
    const windowOf = (atMs: number): number => Math.floor(atMs / (windowSeconds * 1000));
    return passedMs.filter((atMs) => windowOf(atMs) === windowOf(nowMs)).length < max;
  },
  // As long as a part of its eighth of a window is within the window that ends now.
  sliding_window: ({ max, windowSeconds }, passedMs, nowMs) => {
    const sliceMs = (windowSeconds * 1000) / 8;
    const endOf = (atMs: number): number => (Math.floor(atMs / sliceMs) + 1) * sliceMs;
    const beganAt = Math.floor(nowMs / sliceMs) * sliceMs;
    return passedMs.filter((atMs) => endOf(atMs) + 7 * sliceMs >= beganAt).length < max;
  },
};

/** Of any algorithm, over any time of so long. */
const mostWithin = (of: LimitSpec, ms: number): number => {
  switch (of.kind) {
    case 'token_bucket':
      return of.burst + (of.perSecond * ms) / 1000;
    case 'leaky_bucket':
      return 1 + of.queue + (of.perSecond * ms) / 1000;
    case 'concurrency':
      return of.max;
    default:
      return of.max * (Math.ceil(ms / (of.windowSeconds * 1000)) + 1);
  }
};

/** Whole milliseconds between two. */
const perSecond = fc.constantFrom(1, 2, 4, 5, 10, 20, 50, 100, 200);
const max = fc.integer({ min: 1, max: 12 });
const windowSeconds = fc.integer({ min: 1, max: 3 });
const specs: { readonly [K in Timed]: fc.Arbitrary<SpecOf<K>> } = {
  token_bucket: fc.record({ kind: fc.constant('token_bucket'), perSecond, burst: max }),
  leaky_bucket: fc.record({ kind: fc.constant('leaky_bucket'), perSecond, queue: fc.integer({ min: 0, max: 8 }) }),
  fixed_window: fc.record({ kind: fc.constant('fixed_window'), max, windowSeconds }),
  sliding_window: fc.record({ kind: fc.constant('sliding_window'), max, windowSeconds }),
};

/** At the edges: the same moment, one before, on and behind what algorithms reckon in, and long after. */
const gap = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.constantFrom(1, 4, 5, 9, 10, 11, 20, 50, 100, 124, 125, 126, 249, 250, 374, 375, 499, 500, 501, 999, 1000, 1001) },
  { weight: 1, arbitrary: fc.constantFrom(2_999, 3_000, 3_375, 10_000, 3_600_000, 86_400_000) },
); // oxfmt-ignore
const gaps = fc.array(gap, { minLength: 1, maxLength: 120 });
const startMs = fc.constantFrom(0, 1, 124, 125, 999, 1_000, 2_000, 1_000_000_000);

describe.each(Object.keys(specs) as Timed[])('%s beside its model (P-TH1)', (kind) => {
  const spec = specs[kind] as fc.Arbitrary<LimitSpec>;
  const model = models[kind] as (spec: LimitSpec, passedMs: readonly number[], nowMs: number) => boolean;

  it('lets through what the model does, to the millisecond', () => {
    fc.assert(
      fc.property(spec, startMs, gaps, (of, beginMs, steps) => {
        const limit = limitOf(of);
        const s = new Float64Array(limit.width);
        const passedMs: number[] = [];
        let nowMs = beginMs;
        for (const step of steps) {
          nowMs += step;
          const may = model(of, passedMs, nowMs);
          expect({ nowMs, passes: limit.check(s, 0, nowMs, 1) === 0 }).toEqual({ nowMs, passes: may });
          if (!may) continue;
          limit.take(s, 0, nowMs, 1);
          passedMs.push(nowMs);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('tells the first second at which the model has room, and nothing left until then', () => {
    fc.assert(
      fc.property(spec, startMs, gaps, (of, beginMs, steps) => {
        const limit = limitOf(of);
        const s = new Float64Array(limit.width);
        const passedMs: number[] = [];
        let nowMs = beginMs;
        for (const step of steps) {
          nowMs += step;
          const waitMs = limit.check(s, 0, nowMs, 1);
          if (waitMs === 0) {
            limit.take(s, 0, nowMs, 1);
            passedMs.push(nowMs);
            continue;
          }
          const { retryAfterSeconds: seconds = 0, headers } = limited('tenant', { limit, waitMs });
          expect(headers['ratelimit']).toBe(`"tenant-${kind.replace('_', '-')}";r=0;t=${seconds}`);
          expect(headers['ratelimit-policy']).toBe(
            `"tenant-${kind.replace('_', '-')}";q=${limit.quota.requests};w=${String(limit.quota.windowSeconds)}`,
          );
          expect(limit.remaining(s, 0, nowMs, 1)).toBe(0);
          expect(model(of, passedMs, nowMs + seconds * 1_000)).toBe(true);
          if (seconds > 1) expect(model(of, passedMs, nowMs + (seconds - 1) * 1_000)).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('counts no time twice where the clock goes back, however often', () => {
    const backMs = fc.constantFrom(0, 1, 2, 10, 124, 125, 500, 1_000);
    fc.assert(
      fc.property(spec, fc.array(fc.tuple(fc.constantFrom(0, 1, 5, 50, 125), backMs), { minLength: 1, maxLength: 200 }), (of, steps) => {
        const limit = limitOf(of);
        const s = new Float64Array(limit.width);
        const beginMs = 9_990;
        let latestMs = beginMs;
        let passed = 0;
        for (const [step, back] of steps) {
          latestMs += step;
          for (const nowMs of [latestMs - back, latestMs]) {
            if (limit.check(s, 0, nowMs, 1) > 0) continue;
            limit.take(s, 0, nowMs, 1);
            passed += 1;
          }
        }
        expect(passed).toBeLessThanOrEqual(mostWithin(of, latestMs - beginMs + 1_000));
      }),
      { numRuns: 400 },
    );
  });

  it('tells the truth of a share that rises and falls, too: whole numbers are left, and room when it says', () => {
    const share = fc.constantFrom(0.01, 0.1, 0.25, 1 / 3, 0.5, 0.77, 1);
    fc.assert(
      fc.property(spec, fc.array(fc.tuple(gap, share), { minLength: 1, maxLength: 80 }), (of, steps) => {
        const limit = limitOf(of);
        const s = new Float64Array(limit.width);
        let nowMs = 1_000;
        let held = 1;
        for (const [step, next] of steps) {
          nowMs += step;
          if (next > held) limit.grew(s, 0, nowMs, held, next - held);
          held = next;
          const left = limit.remaining(s, 0, nowMs, held);
          const waitMs = limit.check(s, 0, nowMs, held);
          expect(Number.isInteger(left)).toBe(true);
          expect(left > 0).toBe(waitMs === 0);
          if (waitMs === 0) limit.take(s, 0, nowMs, held);
          else expect(limit.check(s.slice(), 0, nowMs + waitMs + 0.01, held)).toBe(0);
        }
      }),
      { numRuns: 400 },
    );
  });
});
