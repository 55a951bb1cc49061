import { Door } from '../doors/door.js';
import { eject, outlierOf } from '../doors/outliers.js';
import { createPolicyMemory } from './policy-memory.js';
import { sharedState } from './policy-state.js';

const urls = ['http://10.0.0.1:8080', 'http://10.0.0.2:8080', 'http://10.0.0.3:8080'];

/** The doors of one stamp as each of so many workers has them. */
const workersOf = (count: number): Door[][] => {
  const memory = createPolicyMemory(count);
  return Array.from({ length: count }, (_, i) => {
    const state = sharedState(memory, i);
    return urls.map((url) => new Door(url, () => 0, state.cells.cell('eu-1', url), state.place('door', `eu-1 ${url}`)));
  });
};
const answer = (door: Door, times: number, tookMs: number, nowMs: number): void => {
  for (let i = 0; i < times; i += 1) {
    door.sent(100, nowMs);
    door.ended('answered', tookMs, nowMs, 'acme');
  }
};
const now = performance.now();

describe('front doors as several workers have them (L4)', () => {
  it('what one finds of a door’s health, all go by', () => {
    const [one, two] = workersOf(2) as [Door[], Door[]];
    one[0]!.checked(false);
    expect([one[0]!.isSuspect(now), two[0]!.isSuspect(now), two[1]!.isSuspect(now)]).toEqual([true, true, false]);
    two[0]!.checked(true);
    expect([one[0]!.isSuspect(now), two[0]!.isSuspect(now)]).toEqual([false, false]);
  });

  it('a door is looked at once in an interval, however many workers there are, and by another where one dies of it', () => {
    const workers = workersOf(4);
    const claims = (atMs: number): number => workers.filter(([door]) => door!.health.claimCheck(500, 5_000, atMs)).length;
    expect(claims(now)).toBe(0);
    expect(claims(now + 499)).toBe(0);
    expect(claims(now + 501)).toBe(1);
    // Whoever has it says nothing.
    expect(claims(now + 5_000)).toBe(0);
    expect(claims(now + 5_502)).toBe(1);
    workers[2]![0]!.health.checkNext(now + 6_000);
    expect([claims(now + 5_990), claims(now + 6_002), claims(now + 6_003)]).toEqual([0, 1, 0]);
  });

  it('one that is ejected by one is out in all, for as long, and is judged anew by all when it is back', () => {
    const [one, two] = workersOf(2) as [Door[], Door[]];
    for (const doors of [one, two]) doors.forEach((door, i) => answer(door, 30, i === 0 ? 500 : 10, now));
    const outlier = outlierOf(one, now);
    expect(outlier?.url).toBe(urls[0]);
    eject(outlier!, now);
    expect([one[0]!.isSuspect(now), two[0]!.isSuspect(now), two[1]!.isSuspect(now)]).toEqual([true, true, false]);
    expect(outlierOf(two, now)).toBeNull();
    expect([one[0]!.isSuspect(now + 5_001), two[0]!.isSuspect(now + 5_001)]).toEqual([false, false]);
    // The other worker's own count of it was as bad: it has forgotten it, too.
    expect([one, two].map((doors) => outlierOf(doors, now + 5_001))).toEqual([null, null]);
    expect(two[0]!.health.ejections).toBe(1);
  });

  it('two that eject a door at once do it once', () => {
    const [one, two] = workersOf(2) as [Door[], Door[]];
    const restMs = (): number => {
      two[0]!.health.eject(() => 1_000, now);
      return 60_000;
    };
    expect(one[0]!.health.eject(restMs, now)).toBe(false);
    expect([one[0]!.health.ejections, one[0]!.isSuspect(now + 999), one[0]!.isSuspect(now + 1_001)]).toEqual([1, true, false]);
  });

  it('whose request failed last is known to all: one tenant’s failures count once, whichever workers they come by', () => {
    const workers = workersOf(4);
    const fail = (i: number, tenant: string): void => {
      const door = workers[i % 4]![0]!;
      door.sent(100, now);
      door.ended('request_error', 10, now, tenant);
    };
    for (let i = 0; i < 100; i += 1) fail(i, 'acme');
    expect(workers.map(([door]) => door!.breaker.state)).toEqual(['closed', 'closed', 'closed', 'closed']);
    for (const [i, tenant] of ['beta', 'acme', 'beta', 'acme'].entries()) fail(i, tenant);
    expect(workers.map(([door]) => door!.breaker.state)).toEqual(['open', 'open', 'open', 'open']);
  });

  it('at most half are out over all workers together', () => {
    const [one, two] = workersOf(2) as [Door[], Door[]];
    eject(one[0]!, now);
    two.forEach((door, i) => answer(door, 30, i === 2 ? 500 : 10, now));
    expect(outlierOf(two, now)).toBeNull();
  });
});
