import { Freshness } from './freshness.js';

const hourMs = 3_600_000;
const begun = (): Freshness => {
  const freshness = new Freshness();
  freshness.begin(1_000);
  return freshness;
};

describe('how new a directory is', () => {
  it('grows old while nobody says anything of it, though changes could be read', () => {
    expect(begun().ageMs(1_000 + hourMs)).toBe(hourMs);
  });

  it.each(['equal', 'ahead', 'behind', 'differ', 'reload'] as const)('is new again by a digest (%s): who gave it is there', (verdict) => {
    const freshness = begun();
    freshness.digest(verdict, 9_000);
    expect(freshness.ageMs(9_500)).toBe(500);
  });

  it('stays old by a digest of another database', () => {
    const freshness = begun();
    freshness.digest('rebuild', 9_000);
    expect([freshness.ageMs(9_000), freshness.lagMs(9_000)]).toEqual([8_000, 0]);
  });

  it('is as new as the newest change, not as the moment in which it came; a clock that is ahead makes nothing newer than now', () => {
    const freshness = begun();
    expect(freshness.change(5_000, 9_000)).toBe(4_000);
    expect(freshness.ageMs(9_000)).toBe(4_000);
    expect(freshness.change(99_000, 9_500)).toBe(0);
    expect(freshness.ageMs(10_000)).toBe(500);
    freshness.change(2_000, 10_000);
    expect(freshness.ageMs(10_000)).toBe(500);
  });
});

describe('with a clock that was ahead and is set back', () => {
  const dayMs = 86_400_000;

  it('the age grows from when its source was heard last, and not only when the clock has caught up', () => {
    const freshness = new Freshness();
    freshness.begin(dayMs + 1_000);
    expect(freshness.ageMs(1_000)).toBe(0);
    expect(freshness.ageMs(61_000)).toBe(60_000);
    freshness.begin(dayMs + 1_000);
    freshness.digest('equal', 100_000);
    freshness.change(90_000, 101_000);
    expect(freshness.ageMs(160_000)).toBe(60_000);
  });

  it('so does the lag', () => {
    const freshness = new Freshness();
    freshness.digest('behind', dayMs);
    expect(freshness.lagMs(1_000)).toBe(0);
    expect(freshness.lagMs(61_000)).toBe(60_000);
  });
});

describe('how far behind a directory is', () => {
  it('is what the newest change was late by, until a digest says that nothing is missing', () => {
    const freshness = begun();
    freshness.change(2_000, 9_000);
    expect(freshness.lagMs(20_000)).toBe(7_000);
    freshness.digest('equal', 20_000);
    expect(freshness.lagMs(20_000)).toBe(0);
  });

  it.each(['behind', 'differ'] as const)('is for how long something has been missing (%s), however often that is said', (verdict) => {
    const freshness = begun();
    for (const nowMs of [5_000, 10_000, 15_000]) freshness.digest(verdict, nowMs);
    expect(freshness.lagMs(16_000)).toBe(11_000);
    freshness.change(15_900, 16_000);
    expect(freshness.lagMs(16_000)).toBe(11_000);
    freshness.digest('ahead', 17_000);
    expect(freshness.lagMs(18_000)).toBe(0);
  });

  it('is nothing with a whole that was loaded anew', () => {
    const freshness = begun();
    freshness.digest('behind', 5_000);
    freshness.begin(9_000);
    expect([freshness.ageMs(9_000), freshness.lagMs(20_000)]).toEqual([0, 0]);
  });
});
