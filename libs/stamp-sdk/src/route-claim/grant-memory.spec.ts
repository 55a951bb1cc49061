import fc from 'fast-check';
import { afterFailedGrant, afterGrant, afterRefusal, afterUnreachable, nothing, phaseOf, type GrantMemory } from './grant-memory.js';

const grant = { url: 'https://eu-1.example.net', claim: 'c1', lifetimeMs: 60_000 };
const held = afterGrant(grant, 0, 0) as Extract<GrantMemory, { kind: 'direct' }>;

describe('what is known of the way to a stamp', () => {
  it.each([
    ['nothing', nothing, 0, 'empty'],
    ['a new claim', held, 0, 'direct'],
    ['a claim with 70 % of its life gone', held, 40_600, 'ageing'],
    ['a claim just before its end', held, 57_999, 'ageing'],
    ['a claim too old to arrive in time', held, 58_000, 'empty'],
    ['no direct way, just told', afterGrant(null, 0, 0), 59_999, 'router'],
    ['no direct way, told a minute ago', afterGrant(null, 0, 0), 60_000, 'empty'],
    ['a claim that ends on its way here', afterGrant({ ...grant, lifetimeMs: 1_000 }, 0, 0), 0, 'router'],
  ])('%s', (_, memory, nowMs, phase) => expect(phaseOf(memory, nowMs)).toBe(phase));

  it('after a refusal is nothing, unless a newer claim has come meanwhile', () => {
    expect(afterRefusal(held, held.way)).toEqual(nothing);
    const newer = afterGrant({ ...grant, claim: 'c2' }, 100, 0);
    expect(afterRefusal(newer, held.way)).toBe(newer);
  });

  it('after a shut door is the router’s way for a while, unless the door is another one by now', () => {
    expect(phaseOf(afterUnreachable(held, held.way, 100, 0), 30_099)).toBe('router');
    expect(phaseOf(afterUnreachable(held, held.way, 100, 0), 30_100)).toBe('empty');
    const moved = afterGrant({ ...grant, url: 'https://eu-2.example.net' }, 100, 0);
    expect(afterUnreachable(moved, held.way, 100, 0)).toBe(moved);
  });

  it('without a router keeps a claim until its end (I7), and then asks again in a while', () => {
    expect(afterFailedGrant(held, 50_000, 0)).toBe(held);
    const later = afterFailedGrant(held, 58_000, 0);
    expect([phaseOf(later, 62_999), phaseOf(later, 63_000)]).toEqual(['router', 'empty']);
  });

  it('never lasts beyond the claim’s life, however the dice fall (C1)', () => {
    fc.assert(
      fc.property(fc.nat(600_000), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(1_000_000), (lifetimeMs, random, askedAtMs) => {
        const memory = afterGrant({ ...grant, lifetimeMs }, askedAtMs, random);
        if (memory.kind !== 'direct') return;
        expect(memory.way.endsAtMs).toBeLessThan(askedAtMs + lifetimeMs);
        expect(memory.way.refreshAtMs).toBeLessThanOrEqual(memory.way.endsAtMs);
        expect(phaseOf(memory, memory.way.endsAtMs)).toBe('empty');
      }),
    );
  });
});
