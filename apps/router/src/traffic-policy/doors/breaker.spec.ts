import fc from 'fast-check';
import { checkTransitions } from '@lapidary/kernel/transition-table';
import { Breaker } from './breaker.js';
import { breakerTable } from './breaker-states.js';

const noJitter = (): number => 0;
const trip = (breaker: Breaker, nowMs: number): void => {
  for (let i = 0; i < 5; i += 1) breaker.failed(nowMs, false);
};

describe('the breaker of a front door (P-BH2)', () => {
  it('has a sound table', () => expect(() => checkTransitions(breakerTable)).not.toThrow());

  it('opens after five failures on end, and not after four', () => {
    const breaker = new Breaker(noJitter);
    for (let i = 0; i < 4; i += 1) breaker.failed(0, false);
    expect(breaker.allows(0)).toBe(true);
    breaker.answered(0);
    for (let i = 0; i < 4; i += 1) breaker.failed(0, false);
    expect(breaker.state).toBe('closed');
    breaker.failed(0, false);
    expect([breaker.state, breaker.allows(999), breaker.waitMs(0)]).toEqual(['open', false, 1_000]);
  });

  it('opens where half of at least twenty attempts fail, though never five on end', () => {
    const breaker = new Breaker(noJitter);
    let attempts = 0;
    for (; breaker.state === 'closed' && attempts < 100; attempts += 1) {
      if (attempts % 2 === 0) breaker.answered(attempts);
      else breaker.failed(attempts, false);
    }
    expect([breaker.state, attempts]).toEqual(['open', 20]);
  });

  it('errors of requests’ own making open it only where nothing else comes', () => {
    const breaker = new Breaker(noJitter);
    for (let i = 0; i < 1_000; i += 1) {
      breaker.failed(i, true);
      if (i % 4 === 3) breaker.answered(i);
    }
    expect(breaker.state).toBe('closed');
  });

  it('failures of one tenant’s own making count once until another’s come, on end and of all attempts', () => {
    const breaker = new Breaker(noJitter);
    for (let i = 0; i < 1_000; i += 1) {
      breaker.failed(i, false, 1);
      if (i % 4 === 3) breaker.answered(i);
    }
    expect(breaker.state).toBe('closed');
    for (const whose of [2, 1, 2, 1, 2]) breaker.failed(1_000, false, whose);
    expect(breaker.state).toBe('open');
  });

  it('a tenant whose every request fails, and who gets each probe, doesn’t keep it open for the others', () => {
    const breaker = new Breaker(noJitter);
    for (const whose of [1, 2, 1, 2, 1]) breaker.failed(0, false, whose);
    breaker.sent(1_000);
    breaker.failed(1_100, false, 1);
    expect([breaker.state, breaker.allows(1_100)]).toEqual(['half_open', true]);
    breaker.sent(1_100);
    breaker.failed(1_200, false, 2);
    expect([breaker.state, breaker.waitMs(1_200)]).toEqual(['open', 2_000]);
    for (const nowMs of [3_200, 3_300]) {
      breaker.sent(nowMs);
      breaker.answered(nowMs);
    }
    expect(breaker.state).toBe('closed');
  });

  it('sends one probe at a time, closes after two answers, and rests twice as long after a failed one', () => {
    const breaker = new Breaker(noJitter);
    trip(breaker, 0);
    expect(breaker.allows(1_000)).toBe(true);
    breaker.sent(1_000);
    expect([breaker.state, breaker.allows(1_001)]).toEqual(['half_open', false]);
    breaker.failed(1_100, false);
    expect([breaker.state, breaker.allows(3_099), breaker.allows(3_100)]).toEqual(['open', false, true]);
    for (const nowMs of [3_100, 3_200]) {
      breaker.sent(nowMs);
      expect(breaker.allows(nowMs)).toBe(false);
      breaker.answered(nowMs + 1);
    }
    expect(breaker.state).toBe('closed');
    trip(breaker, 4_000);
    expect(breaker.waitMs(4_000)).toBe(1_000);
  });

  it('a probe that takes its time, as a long poll does, keeps the door shut to others for 5 s', () => {
    const breaker = new Breaker(noJitter);
    trip(breaker, 0);
    breaker.sent(1_000);
    expect([breaker.allows(5_999), breaker.allows(6_000)]).toEqual([false, true]);
    breaker.sent(6_000);
    breaker.answered(6_100);
    breaker.answered(7_000);
    expect(breaker.state).toBe('closed');
  });

  it('a probe whose client went away frees the way for the next, and says nothing', () => {
    const breaker = new Breaker(noJitter);
    trip(breaker, 0);
    breaker.sent(1_000);
    breaker.saidNothing();
    expect([breaker.state, breaker.allows(1_001)]).toEqual(['half_open', true]);
  });

  it('rests 30 s at most, and a good health check ends the rest', () => {
    const breaker = new Breaker(noJitter);
    trip(breaker, 0);
    let nowMs = 0;
    for (let i = 0; i < 10; i += 1) {
      nowMs += breaker.waitMs(nowMs);
      breaker.sent(nowMs);
      breaker.failed(nowMs, false);
    }
    expect(breaker.waitMs(nowMs)).toBe(30_000);
    breaker.checkedWell();
    expect([breaker.state, breaker.allows(nowMs)]).toEqual(['half_open', true]);
  });

  it('whatever happens, it moves by its table, and an open one lets nothing through before its time', () => {
    const event = fc.oneof(
      fc.record({
        do: fc.constantFrom('send', 'answered', 'failed', 'said nothing', 'checked well'),
        ms: fc.integer({ min: 0, max: 3_000 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const breaker = new Breaker(noJitter);
        let nowMs = 0;
        for (const { do: what, ms } of events) {
          nowMs += ms;
          const before = breaker.state;
          if (what === 'send' && breaker.allows(nowMs)) breaker.sent(nowMs);
          else if (what === 'answered') breaker.answered(nowMs);
          else if (what === 'failed') breaker.failed(nowMs, false);
          else if (what === 'said nothing') breaker.saidNothing();
          else if (what === 'checked well') breaker.checkedWell();
          if (breaker.state !== before)
            expect(breakerTable.transitions.some(({ from, to }) => from.includes(before) && to === breaker.state)).toBe(true);
          if (breaker.state === 'open' && breaker.waitMs(nowMs) > 0) expect(breaker.allows(nowMs)).toBe(false);
        }
      }),
    );
  });
});
