import { LatencyBudget } from './latency-budget.js';
import { endingOf, TrafficFigures, windowMs } from './traffic-figures.js';

describe('live figures', () => {
  it('are of the last whole window: rates, failures, refusals and times by tenant and stamp', () => {
    const figures = new TrafficFigures();
    for (let i = 0; i < 1_000; i += 1)
      figures.ended(i % 4 === 0 ? 'noisy' : `t${i}`, 'eu-1', i % 10 === 0 ? 'failed' : 'answered', 10, i * 5);
    for (let i = 0; i < 100; i += 1) figures.ended('noisy', 'eu-2', 'refused', 1, 4_990);
    const { seconds, stamps, tenants } = figures.read(windowMs, 1);
    expect(seconds).toBe(5);
    expect(stamps).toEqual([
      expect.objectContaining({ name: 'eu-1', perSecond: 200, failedPerSecond: 20, refusedPerSecond: 0 }),
      expect.objectContaining({ name: 'eu-2', perSecond: 20, refusedPerSecond: 20, p99Ms: null }),
    ]);
    expect(stamps[0]!.p99Ms).toBeGreaterThanOrEqual(10);
    expect(stamps[0]!.p99Ms).toBeLessThanOrEqual(12);
    expect(tenants).toEqual([expect.objectContaining({ name: 'noisy' })]);
    expect(tenants[0]!.perSecond).toBeGreaterThanOrEqual(70);
  });

  it('a quiet router tells of nothing, and not of what was once', () => {
    const figures = new TrafficFigures();
    figures.ended('acme', 'eu-1', 'answered', 1, 0);
    expect(figures.read(3 * windowMs, 5).stamps).toEqual([]);
  });

  it.each([
    ['answered', 200, 'answered'],
    ['answered', 503, 'failed'],
    ['client_gone', 0, 'answered'],
    ['rate_limited', 429, 'refused'],
    ['cut', 200, 'failed'],
    ['timeout', 504, 'failed'],
  ])('%s with %d is %s', (outcome, status, ending) => expect(endingOf(outcome, status)).toBe(ending));
});

describe('the latency budget', () => {
  it('says of each hop what it may take, what it took, and whether that is too much', () => {
    const budget = new LatencyBudget();
    for (let i = 0; i < 1_000; i += 1) budget.add('stamp', i < 980 ? 20 : 900, i);
    expect(budget.read(1_000)).toEqual([
      expect.objectContaining({ hop: 'wait', verdict: 'nothing measured', measuredP99Ms: null }),
      expect.objectContaining({ hop: 'stamp', verdict: 'over', samples: 1_000 }),
    ]);
    expect(budget.read(300_000).map(({ verdict }) => verdict)).toEqual(['nothing measured', 'nothing measured']);
  });
});
