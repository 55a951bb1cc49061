import { VerifiedTokens } from './verified-tokens.js';

let nowMs = 1_000_000;
const make = (max = 3, ttlMs = 10_000): VerifiedTokens<string> => new VerifiedTokens({ max, ttlMs, nowMs: () => nowMs });
beforeEach(() => {
  nowMs = 1_000_000;
});

describe('a token that was checked', () => {
  it.each([
    ['its own end', nowMs + 4_000, 4_000],
    ['the cache’s, where its own is later', nowMs + 99_000, 10_000],
  ])('is believed until %s', (_, endsAtMs, forMs) => {
    const tokens = make();
    tokens.put('t', 'acme', endsAtMs);
    nowMs += forMs - 1;
    expect(tokens.get('t')).toBe('acme');
    nowMs += 1;
    expect(tokens.get('t')).toBeUndefined();
    expect(tokens.size).toBe(0);
  });

  it('is not kept where it has ended already', () => {
    const tokens = make();
    tokens.put('t', 'acme', nowMs);
    expect(tokens.size).toBe(0);
  });

  it('is not believed for longer by a clock that is set back', () => {
    const tokens = make();
    tokens.put('t', 'acme', nowMs + 5_000);
    nowMs -= 60_000;
    expect(tokens.get('t')).toBeUndefined();
  });

  it('makes room for newer ones, and the oldest goes first', () => {
    const tokens = make(2);
    for (const token of ['a', 'b', 'c']) tokens.put(token, token, nowMs + 5_000);
    expect([tokens.get('a'), tokens.get('b'), tokens.get('c')]).toEqual([undefined, 'b', 'c']);
  });

  it('says nothing of another one, not even with the same beginning', () => {
    const tokens = make();
    tokens.put(`${'x'.repeat(1_000)}a`, 'acme', nowMs + 5_000);
    expect(tokens.get(`${'x'.repeat(1_000)}b`)).toBeUndefined();
  });
});
