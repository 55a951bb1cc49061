import fc from 'fast-check';
import { judgeLog } from './judge-log.js';
import { epochToOpen, hasCaughtUp, saysMore } from './reconcile-rules.js';

const at = (epoch: number, sequence: number) => ({ epoch, sequence });

describe('a restored region', () => {
  it('opens under an epoch that nobody knows, so that whoever knows its log finds it newer and never behind (B2)', () => {
    fc.assert(
      fc.property(fc.nat(9), fc.array(fc.tuple(fc.nat(9), fc.nat(99))), (own, heard) => {
        const epoch = epochToOpen(
          own,
          heard.map(([e]) => e),
        );
        for (const [e, sequence] of [...heard, [own, 99] as const]) expect(judgeLog(at(epoch, 0), at(e, sequence), null)).toBe('newer');
      }),
    );
  });

  it('fetches from a peer again only what that one has come to know since (a peer that says the same each second must not hold it for ever)', () => {
    expect(saysMore(null, at(1, 0))).toBe(true);
    expect([at(1, 4), at(1, 5), at(0, 9)].map((known) => saysMore(at(1, 5), known))).toEqual([false, false, false]);
    expect([at(1, 6), at(2, 0)].map((known) => saysMore(at(1, 5), known))).toEqual([true, true]);
  });

  it('has caught up with a peer’s log when it has all of it, or when that one tells it anew itself', () => {
    expect(hasCaughtUp(at(1, 4), at(1, 5), false)).toBe(false);
    expect(hasCaughtUp(at(1, 5), at(1, 5), false)).toBe(true);
    expect(hasCaughtUp(at(1, 9), at(2, 0), false)).toBe(false);
    expect(hasCaughtUp(at(2, 0), at(1, 9), false)).toBe(true);
    expect(hasCaughtUp(at(1, 0), at(1, 5), true)).toBe(true);
  });
});
