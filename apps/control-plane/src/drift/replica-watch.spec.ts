import { disagreeing } from './replica-watch.js';

const nowMs = 1_000_000;
const ago = (ms: number): Date => new Date(nowMs - ms);
const peer = (agrees: boolean, agreedMs: number | null, toldMs = 500) => ({
  peer: 'us',
  agrees,
  agreedAt: agreedMs === null ? null : ago(agreedMs),
  toldAt: ago(toldMs),
});

describe('peers whose digests differ', () => {
  it.each([
    ['agrees now', peer(true, 0), false],
    ['differs since a moment: writes on their way', peer(false, 2_000), false],
    ['differs since long', peer(false, 20_000), true],
    ['has never agreed', peer(false, null), true],
    ['is not heard any more', peer(false, 60_000, 30_000), false],
  ])('one that %s', (_, agreement, isLookedAt) => expect(disagreeing([agreement], nowMs).length > 0).toBe(isLookedAt));
});
