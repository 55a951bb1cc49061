import { hopReadings, LatencyBudget } from './latency-budget.js';
import { LogHistogram } from './log-histogram.js';
import type { Look } from './look.js';
import { rowsOf, trafficReport } from './traffic-report.js';
import { endingOf, TrafficFigures, windowMs, type CountedWindow } from './traffic-figures.js';

const none = { wait: new LogHistogram().read(), stamp: new LogHistogram().read() };

const look = (window: CountedWindow, over: Partial<Look> = {}): Look => ({
  window,
  hops: none,
  compartments: [],
  sockets: { tier: 'raw', reason: '' },
  limitsVersion: 7,
  budgetRouters: 2,
  ...over,
});

describe('live figures', () => {
  it('are of the last whole window: rates, failures, refusals and times by tenant and stamp', () => {
    const figures = new TrafficFigures();
    for (let i = 0; i < 1_000; i += 1)
      figures.ended(i % 4 === 0 ? 'noisy' : `t${i}`, 'eu-1', i % 10 === 0 ? 'failed' : 'answered', 10, i * 5);
    for (let i = 0; i < 100; i += 1) figures.ended('noisy', 'eu-2', 'refused', 1, 4_990);
    const window = figures.read(windowMs, 1);
    const [stamps, tenants] = [rowsOf([look(window)], 'stamps'), rowsOf([look(window)], 'tenants')];
    expect(window.seconds).toBe(5);
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

  it('of several threads are one router’s: rates add up, times are those of all requests, a door is as ill as the worst says', () => {
    const [quick, slow] = [new TrafficFigures(), new TrafficFigures()];
    for (let i = 0; i < 90; i += 1) quick.ended('acme', 'eu-1', 'answered', 1, 0);
    for (let i = 0; i < 10; i += 1) slow.ended('acme', 'eu-1', 'failed', 100, 0);
    const door = { url: 'http://a', suspect: false, inUse: 1 };
    const compartment = { stamp: 'eu-1', inFlight: 1, waiting: 0, limit: 5, unwell: false };
    const report = trafficReport('r1', [
      look(quick.read(windowMs, 5), { compartments: [{ ...compartment, doors: [{ ...door, breaker: 'closed' }] }] }),
      look(slow.read(2 * windowMs - 1, 5), {
        limitsVersion: null,
        compartments: [{ ...compartment, doors: [{ ...door, breaker: 'open' }] }],
      }),
    ]);
    expect(report).toMatchObject({ limitsVersion: null, budgetRouters: 2 });
    expect(report.stamps).toEqual([expect.objectContaining({ name: 'eu-1', perSecond: 19, failedPerSecond: 1 })]);
    expect(report.stamps[0]!.p50Ms).toBeLessThan(1.3);
    expect(report.stamps[0]!.p99Ms).toBeGreaterThanOrEqual(100);
    expect(report.compartments).toEqual([
      { stamp: 'eu-1', inFlight: 2, waiting: 0, limit: 5, unwell: false, doors: [{ ...door, breaker: 'open', inUse: 2 }] },
    ]);
  });

  it.each([
    ['answered', 200, 'answered'],
    ['answered', 503, 'failed'],
    ['client_gone', 0, 'answered'],
    ['rate_limited', 429, 'refused'],
    ['tenant_moving', 503, 'refused'],
    ['outside_jurisdiction', 307, 'refused'],
    ['cut', 200, 'failed'],
    ['cut', 404, 'failed'],
    ['timeout', 504, 'failed'],
    ['timeout', 408, 'refused'],
    ['own_path', 200, 'answered'],
    ['not_found', 404, 'refused'],
  ])('%s with %d is %s', (outcome, status, ending) => expect(endingOf(outcome, status)).toBe(ending));
});

describe('the latency budget', () => {
  it('says of each hop what it may take, what it took, and whether that is too much', () => {
    const budget = new LatencyBudget();
    for (let i = 0; i < 1_000; i += 1) budget.add('stamp', i < 980 ? 20 : 900, i);
    expect(hopReadings([budget.read(1_000)])).toEqual([
      expect.objectContaining({ hop: 'wait', verdict: 'nothing measured', measuredP99Ms: null }),
      expect.objectContaining({ hop: 'stamp', verdict: 'over', samples: 1_000 }),
    ]);
    expect(hopReadings([budget.read(300_000)]).map(({ verdict }) => verdict)).toEqual(['nothing measured', 'nothing measured']);
  });
});
