import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import { formatHlc } from '@lapidary/kernel/hybrid-logical-clock';
import fc from 'fast-check';
import { judgeLog } from './judge-log.js';
import { heldUntilMs } from '../collections/apply-change.js';
import { epochOfMoment, epochToOpen, hasCaughtUp, latestUnheard, saysMore } from './reconcile-rules.js';

const at = (epoch: number, sequence: number) => ({ epoch, sequence });
const counterChange = (latest: string) =>
  ({
    kind: 'counter',
    change: { rows: {}, alive: { siblings: [{ at: latest, value: true }], seen: { eu: latest } } },
  }) as unknown as DocumentChanged;

describe('a restored region', () => {
  it('opens under an epoch that nobody knows, so that whoever knows its log finds it newer and never behind (B2)', () => {
    fc.assert(
      fc.property(fc.nat(9), fc.array(fc.tuple(fc.nat(9), fc.nat(99))), fc.nat(9), (own, heard, atLeast) => {
        const epoch = epochToOpen(
          own,
          heard.map(([e]) => e),
          atLeast,
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

  it('opens beyond what a region that was not heard can know, too: it may have been opened several times since one backup (B2)', () => {
    const day = Date.UTC(2030, 4, 5);
    const [first, second] = [epochToOpen(1, [], epochOfMoment(day)), epochToOpen(1, [], epochOfMoment(day + 1_000))];
    expect(second).toBeGreaterThan(first);
    expect(epochToOpen(first, [], epochOfMoment(day))).toBe(first + 1);
    expect(epochOfMoment(Date.UTC(2090, 0))).toBeLessThan(2 ** 31);
  });

  it('writes later than all that a region which was not heard can have taken in of it (B6)', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(200_000), (nowMs, aheadMs) => {
        const at = formatHlc({ ms: nowMs + aheadMs, counter: 0, region: 'eu' });
        const isTakenIn = heldUntilMs(counterChange(at), nowMs) === null;
        expect(isTakenIn).toBe(at <= latestUnheard('eu', nowMs));
      }),
    );
  });

  it('has caught up with a peer’s log when it has all of it, or when that one tells it anew itself', () => {
    expect(hasCaughtUp(at(1, 4), at(1, 5), false)).toBe(false);
    expect(hasCaughtUp(at(1, 5), at(1, 5), false)).toBe(true);
    expect(hasCaughtUp(at(1, 9), at(2, 0), false)).toBe(false);
    expect(hasCaughtUp(at(2, 0), at(1, 9), false)).toBe(true);
    expect(hasCaughtUp(at(1, 0), at(1, 5), true)).toBe(true);
  });
});
