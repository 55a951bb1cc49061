import { AdaptiveLimit } from './adaptive-limit.js';
import { Compartment } from './compartment.js';

const rules = { inFlightMax: 10, queueMax: 3, queueWaitMs: 30, shedding: true };
const filled = (priority = 0): Compartment => {
  const compartment = new Compartment('eu-1', rules);
  while (compartment.enter(priority));
  return compartment;
};

describe('the compartment of a stamp (P-BH1)', () => {
  it.each([
    [0, 10],
    [1, 9],
    [2, 7],
    [3, 5],
  ])('priority %d may fill %d of 10 places', (priority, places) => expect(filled(priority).inFlight).toBe(places));

  it('a place that comes free goes to who waits, in order', async () => {
    const compartment = filled();
    const [first, second] = [compartment.wait(0), compartment.wait(0)];
    compartment.leave();
    expect(await first.admission).toBe('go');
    expect([compartment.inFlight, compartment.waiting]).toEqual([10, 1]);
    compartment.leave();
    expect(await second.admission).toBe('go');
  });

  it('who waits too long is refused, and the queue is bounded', async () => {
    const compartment = filled();
    const waiting = Array.from({ length: 3 }, () => compartment.wait(0));
    expect(compartment.mayWait(0)).toBe(false);
    expect(await Promise.all(waiting.map(({ admission }) => admission))).toEqual(
      waiting.map(() => expect.objectContaining({ code: 'overloaded', retryAfterSeconds: 1 })),
    );
    expect([compartment.inFlight, compartment.waiting]).toEqual([10, 0]);
  });

  it('who has gone gives the place in the queue up, and takes none', async () => {
    const compartment = filled();
    const waiting = compartment.wait(0);
    waiting.abandon(0);
    expect(await waiting.admission).toMatchObject({ kind: 'refused' });
    compartment.leave();
    expect([compartment.inFlight, compartment.waiting]).toEqual([9, 0]);
  });

  it('the least important don’t wait', () => expect([2, 3].map((priority) => filled().mayWait(priority))).toEqual([false, false]));
});

describe('the limit that follows a stamp’s health', () => {
  const round = (adaptive: AdaptiveLimit, startMs: number, took: number, failed = 0): void => {
    adaptive.started(Math.floor(adaptive.limit));
    for (let i = 0; i < 20; i += 1) adaptive.attempted(i < failed ? 'timeout' : 'answered', took, startMs + i * 20, `t${i % 2}`);
  };

  it('stays at its maximum while the stamp is well, however its times scatter about the usual', () => {
    const adaptive = new AdaptiveLimit(100);
    for (let i = 0; i < 50; i += 1) round(adaptive, i * 400, 20 + (i % 3) * 20);
    expect(adaptive).toMatchObject({ limit: 100, isUnwell: false });
  });

  it.each([
    ['slow', 400, 0],
    ['failing', 20, 5],
  ])('falls fast where the stamp is %s, never to nothing, and comes back step by step', (_, took, failed) => {
    const adaptive = new AdaptiveLimit(100);
    for (let i = 0; i < 5; i += 1) round(adaptive, i * 400, 20);
    for (let i = 5; i < 15; i += 1) round(adaptive, i * 400, took, failed);
    expect(adaptive.limit).toBe(8);
    for (let i = 15; i < 18; i += 1) round(adaptive, i * 400, 20);
    expect(adaptive.limit).toBeLessThan(20);
    for (let i = 18; i < 120; i += 1) round(adaptive, i * 400, 20);
    expect(adaptive.limit).toBe(100);
  });

  it('clients that go away say nothing of the stamp', () => {
    const adaptive = new AdaptiveLimit(100);
    for (let i = 0; i < 1_000; i += 1) adaptive.attempted('client_gone', 10_000, i * 20, 'acme');
    expect(adaptive.limit).toBe(100);
  });

  /** Of 20 requests in 400 ms: which fail, and whose they are. */
  const mixed = (adaptive: AdaptiveLimit, rounds: number, whose: (i: number) => string, fails: (i: number) => boolean): void => {
    for (let i = 0; i < rounds * 20; i += 1) {
      if (i % 20 === 0) adaptive.started(Math.floor(adaptive.limit));
      adaptive.attempted(fails(i) ? 'request_error' : 'answered', 20, i * 20, whose(i));
    }
  };

  it('failures that one tenant’s own requests may have made lower it for nobody else', () => {
    const adaptive = new AdaptiveLimit(100);
    mixed(
      adaptive,
      20,
      (i) => (i % 2 === 0 ? 'acme' : 'beta'),
      (i) => i % 2 === 0,
    );
    expect(adaptive.limit).toBe(100);
  });

  it.each([
    ['of several tenants', (i: number) => `t${i % 3}`],
    ['of the only tenant there', () => 'acme'],
  ])('failures %s lower it', (_, whose) => {
    const adaptive = new AdaptiveLimit(100);
    mixed(adaptive, 20, whose, (i) => i % 4 !== 3);
    expect(adaptive.limit).toBe(8);
  });
});
