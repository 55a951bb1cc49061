import fc from 'fast-check';
import { floorOf } from './phi-accrual.js';
import { assess as assessed, healthRank, workloadSilent, type Assessed, type Observed, type StampHealth } from './assess.js';

const base: Observed = {
  previous: 'healthy',
  previousForMs: 60_000,
  ageMs: 0,
  intervalMs: 1_000,
  limits: floorOf(1_000),
  listeningMs: 600_000,
  workloadSilentMs: null,
  previousReason: null,
};
const assess = (seen: Observed): StampHealth => assessed(seen).health;
const health = fc.constantFrom<StampHealth>('unknown', 'healthy', 'suspected', 'dead');

describe('health of a stamp', () => {
  it('goes from healthy over suspected to dead with growing silence (P-HB2)', () => {
    const at = (ageMs: number): StampHealth => assess({ ...base, ageMs });
    expect([0, 1_000, 3_500].map(at)).toEqual(['healthy', 'healthy', 'healthy']);
    expect([3_501, 10_500].map(at)).toEqual(['suspected', 'suspected']);
    expect(at(10_501)).toBe('dead');
  });

  it('is unknown as long as nothing was ever heard', () => {
    expect(assess({ ...base, previous: 'unknown', ageMs: null })).toBe('unknown');
  });

  it('is not made worse by a monitor that has just begun to listen (P-HB4)', () => {
    fc.assert(
      fc.property(health, fc.nat(10_000_000), fc.nat(3_500), (previous, ageMs, listeningMs) => {
        const now = assess({ ...base, previous, ageMs, listeningMs });
        if (previous !== 'unknown') expect(healthRank[now]).toBeLessThanOrEqual(healthRank[previous]);
        if (previous !== 'dead') expect(now).not.toBe('dead');
      }),
    );
  });

  it('is not cleared by a monitor that has not heard the stamp', () => {
    expect(assess({ ...base, previous: 'dead', ageMs: 60_000, listeningMs: 1_000 })).toBe('dead');
  });

  it('never gets better with more silence', () => {
    fc.assert(
      fc.property(health, fc.nat(30_000), fc.nat(30_000), fc.nat(30_000), (previous, a, b, listeningMs) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((ageMs) => assess({ ...base, previous, ageMs, listeningMs }));
        fc.pre(more !== undefined && less !== undefined && a <= listeningMs === b <= listeningMs);
        expect(healthRank[more!]).toBeGreaterThanOrEqual(healthRank[less!]);
      }),
    );
  });

  it('gets better only after a few beats, so that flapping is damped (P-HB5)', () => {
    expect(assess({ ...base, previous: 'dead', previousForMs: 100 })).toBe('dead');
    expect(assess({ ...base, previous: 'dead', previousForMs: 3_000 })).toBe('healthy');
  });

  it('is suspected, and never dead, where the agent is heard and says that its workload does not answer', () => {
    const at = (change: Partial<Observed>): Assessed => assessed({ ...base, ...change });
    expect(at({ workloadSilentMs: 3_500 })).toEqual({ health: 'healthy', reason: null });
    for (const workloadSilentMs of [3_501, 3_600_000])
      expect(at({ workloadSilentMs })).toEqual({ health: 'suspected', reason: workloadSilent });
    const suspected = { previous: 'suspected', previousReason: workloadSilent } as const;
    expect(at({ ...suspected, previousForMs: 100 })).toEqual({ health: 'suspected', reason: workloadSilent });
    expect(at({ ...suspected, previousForMs: 3_000 })).toEqual({ health: 'healthy', reason: null });
    // Silent itself, it says nothing of its workload any more.
    expect(at({ ...suspected, ageMs: 5_000, workloadSilentMs: 60_000 })).toEqual({ health: 'suspected', reason: null });
    expect(at({ ...suspected, ageMs: 60_000, workloadSilentMs: 60_000 })).toEqual({ health: 'dead', reason: null });
  });
});
