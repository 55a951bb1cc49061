import fc from 'fast-check';
import { stepStatuses, type UsualTime } from '@lapidary/contracts/api/jobs';
import { estimateOf, type TimedStep } from './job-estimate.js';

const usual: fc.Arbitrary<UsualTime> = fc
  .record({ medianMs: fc.nat(600_000), beyond: fc.nat(600_000), samples: fc.integer({ min: 1, max: 50 }) })
  .map(({ medianMs, beyond, samples }) => ({ medianMs, p90Ms: medianMs + beyond, samples }));
const step: fc.Arbitrary<TimedStep> = fc
  .record({ status: fc.constantFrom(...stepStatuses), startedAtMs: fc.nat(1_000_000), usual })
  .map((s) => ({ ...s, startedAtMs: s.status === 'pending' ? null : s.startedAtMs }));
const steps = fc.array(step, { minLength: 1, maxLength: 8 });

const of = (medianMs: number, p90Ms: number, status: TimedStep['status'] = 'pending', startedAtMs: number | null = null): TimedStep => ({
  status,
  startedAtMs,
  usual: { medianMs, p90Ms, samples: 7 },
});

describe('how long a job will take', () => {
  it('adds up what its steps usually take, less what the one under way has used', () => {
    const now = 10_000;
    const job = [of(1_000, 2_000, 'succeeded', 0), of(8_000, 20_000, 'running', now - 5_000), of(2_000, 3_000)];
    expect(estimateOf('running', job, now)).toEqual({
      usualMs: 11_000,
      atMostMs: 25_000,
      remainingMs: 5_000,
      remainingAtMostMs: 18_000,
      samples: 7,
      longerThanUsual: false,
    });
  });

  it('says so when the step under way has taken longer than nine of ten, and guesses nothing for it', () => {
    const late = (elapsedMs: number) => estimateOf('running', [of(1_000, 2_000, 'running', 0)], elapsedMs);
    expect(late(3_001)).toMatchObject({ remainingMs: 0, remainingAtMostMs: 0, longerThanUsual: true });
    // Less than a second more is nothing to tell.
    expect(late(2_900)).toMatchObject({ remainingMs: 0, longerThanUsual: false });
  });

  it('says nothing without the history of every step, and of a job that has ended', () => {
    expect(estimateOf('queued', [of(1, 2), { status: 'pending', startedAtMs: null, usual: null }], 0)).toBeNull();
    expect(estimateOf('succeeded', [of(1, 2, 'succeeded', 0)], 0)).toBeNull();
    expect(estimateOf('queued', [], 0)).toBeNull();
  });

  it('is never negative, never more than the whole, the bound never below the estimate, and never grows as time passes', () => {
    fc.assert(
      fc.property(steps, fc.nat(2_000_000), fc.nat(1_000_000), (job, now, later) => {
        const first = estimateOf('running', job, now)!;
        const second = estimateOf('running', job, now + later)!;
        expect(first.remainingMs).toBeGreaterThanOrEqual(0);
        expect(first.remainingMs).toBeLessThanOrEqual(first.usualMs);
        expect(first.remainingAtMostMs).toBeLessThanOrEqual(first.atMostMs);
        expect(first.remainingMs).toBeLessThanOrEqual(first.remainingAtMostMs);
        expect(second.remainingMs).toBeLessThanOrEqual(first.remainingMs);
        expect(second.longerThanUsual || !first.longerThanUsual).toBe(true);
      }),
    );
  });
});
