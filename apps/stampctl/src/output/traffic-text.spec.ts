import pico from 'picocolors';
import type { Traffic, TrafficRow } from '@lapidary/contracts/api/traffic';
import { addUp, trafficText } from './traffic-text.js';

const row = (name: string, over: Partial<TrafficRow> = {}): TrafficRow => ({
  name,
  perSecond: 100,
  perSecondError: 0,
  failedPerSecond: 0,
  refusedPerSecond: 0,
  p50Ms: 2.1,
  p99Ms: 20.4,
  ...over,
});
const view = { wide: false, columns: 80, colours: pico.createColors(false), nowMs: 0 };
const router = (name: string, over: Partial<Traffic['routers'][number]> = {}): Traffic['routers'][number] => ({
  router: name,
  atMs: 0,
  windowSeconds: 5,
  limitsVersion: 3,
  budgetRouters: 2,
  stamps: [row('eu-1')],
  tenants: [row('a-tenant-with-a-name-as-long-as-they-may-be-given-to-anybody')],
  compartments: [
    {
      stamp: 'eu-1',
      inFlight: 40,
      waiting: 2,
      limit: 1024,
      unwell: true,
      doors: [{ url: 'http://a', breaker: 'open', suspect: true, inUse: 1 }],
    },
  ],
  ...over,
});

describe('stampctl top', () => {
  it('adds the routers’ rates up, and shows the longest times', () => {
    expect(addUp([row('a', { p99Ms: 10 }), row('b'), row('a', { p99Ms: 30, refusedPerSecond: 5 })])).toMatchObject([
      { name: 'a', perSecond: 200, p99Ms: 30, refusedPerSecond: 5 },
      { name: 'b', perSecond: 100 },
    ]);
  });

  it('says that nothing is asked for, in place of tables without rows', () => {
    const text = trafficText({ region: 'eu', routers: [router('r1', { stamps: [], tenants: [] })] }, 10, view);
    expect(text).toMatch(/^eu: 1 router, .*\n\nNo requests\.$/);
  });

  it('fits 80 columns, and says what is wrong', () => {
    const text = trafficText({ region: 'eu', routers: [router('r1'), router('r2')] }, 10, view);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(text).toMatch(/eu-1 +200 +- +- +2\.1 ms +20\.4 ms +80\/2048 unwell, 4 wait, 2\/2 open/);
  });

  it('without routers says so', () => expect(trafficText({ region: 'eu', routers: [] }, 10, view)).toMatch(/No router of eu/));
});
