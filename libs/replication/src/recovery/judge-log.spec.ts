import fc from 'fast-check';
import { isTooOld, judgeLog, mayVouch } from './judge-log.js';

const at = (epoch: number, sequence: number) => ({ epoch, sequence });

describe('a region’s log', () => {
  it('covers what others know of it at the same epoch, up to its end', () => {
    for (const sequence of [0, 1, 7]) expect(judgeLog(at(2, 7), at(2, sequence), null)).toBe('covers');
  });

  it('is behind where somebody knows a later place, or a later epoch: a backup from before another recovery', () => {
    expect(judgeLog(at(2, 7), at(2, 8), null)).toBe('behind');
    expect(judgeLog(at(2, 7), at(3, 1), null)).toBe('behind');
  });

  it('is newer than what is known of the epoch before, however far that went', () => {
    expect(judgeLog(at(2, 7), at(1, 900), null)).toBe('newer');
    expect(judgeLog(at(2, 7), at(0, 0), null)).toBe('newer');
  });

  it('is forked where another event is at a place: it was set back, and written on past what the others know (B2)', () => {
    const known = { ...at(2, 5), last: { sequence: 5, event: 'theirs' } };
    expect(judgeLog(at(2, 7), known, 'ours')).toBe('forked');
    expect(judgeLog(at(2, 7), known, 'theirs')).toBe('covers');
    // Superseded and pruned: nothing can be said of that place.
    expect(judgeLog(at(2, 7), known, null)).toBe('covers');
  });

  it('that was set back never covers what was known of it before, wherever it was cut and however it was written on', () => {
    const event = (writer: string, sequence: number): string => `${writer}${sequence}`;
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.nat(50), (kept, lost, written) => {
        fc.pre(lost > 0);
        const known = { ...at(1, kept + lost), last: { sequence: kept + lost, event: event('old', kept + lost) } };
        const own = kept + written >= kept + lost ? event('new', kept + lost) : null;
        expect(['behind', 'forked']).toContain(judgeLog(at(1, kept + written), known, own));
      }),
    );
  });
});

describe('a backup', () => {
  const day = 86_400_000;

  it('is too old once the first region may have purged what was deleted after it', () => {
    expect(isTooOld(0, 29 * day, 30, [30, 30])).toBe(false);
    expect(isTooOld(0, 30 * day, 30, [30, 30])).toBe(true);
    expect(isTooOld(0, 7 * day, 30, [30, 7])).toBe(true);
    expect(isTooOld(0, 7 * day, 7, [])).toBe(true);
  });
});

test.each([
  [true, 1, 1, false],
  [true, 1, null, false],
  [false, 2, 1, false],
  [false, 2, null, false],
  [false, 1, 1, true],
  [false, 1, null, true],
  [false, 3, 3, true],
])('who is fenced: %s, under epoch %s, known here under %s, vouches: %s', (isFenced, epoch, then, may) =>
  expect(mayVouch({ isFenced, epoch }, then)).toBe(may),
);
