import { shareOf, toneOfShare } from './share.js';

describe('how full a stamp is', () => {
  it.each([
    [0, 100, 0, 'good'],
    [74, 100, 0.74, 'good'],
    [75, 100, 0.75, 'passing'],
    [90, 100, 0.9, 'bad'],
    [130, 100, 1, 'bad'],
    [0, 0, 1, 'bad'],
  ])('%d of %d units', (units, capacity, share, tone) => {
    expect(shareOf(units, capacity)).toBe(share);
    expect(toneOfShare(share)).toBe(tone);
  });
});
