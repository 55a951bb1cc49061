import { grownMegabytes, type Held } from './growth.ts';

/** `looks` of a process that warms up by 40 MB, breathes by some megabytes and loses `leak` bytes with each of 1,000 requests a look. */
const looks = (count: number, leak: number): Held[] =>
  Array.from({ length: count }, (_, i) => ({
    requests: i * 1_000,
    liveMegabytes: 40 * Math.min(1, i / (count / 4)) + (i % 3) + (i * 1_000 * leak) / 1024 / 1024,
    otherMegabytes: 90,
    stalledMs: 0,
  }));

describe('growth of a warm process', () => {
  test('is none where it only warmed up and breathes', () => {
    expect(Math.abs(grownMegabytes(looks(24, 0), 'liveMegabytes'))).toBeLessThan(1);
    expect(grownMegabytes(looks(24, 0), 'otherMegabytes')).toBe(0);
  });

  test('shows a leak per request in spite of it', () => {
    expect(grownMegabytes(looks(24, 1_000), 'liveMegabytes')).toBeGreaterThan(14);
  });

  test('is not moved by a few looks at a bad moment', () => {
    const odd = looks(24, 0).map((h, i) => (i % 7 === 0 ? { ...h, liveMegabytes: h.liveMegabytes + 50 } : h));
    expect(Math.abs(grownMegabytes(odd, 'liveMegabytes'))).toBeLessThan(3);
  });

  test('of nothing, and of requests that stood still, is none', () => {
    expect(grownMegabytes([], 'liveMegabytes')).toBe(0);
    expect(
      grownMegabytes(
        looks(6, 0).map((h) => ({ ...h, requests: 7 })),
        'liveMegabytes',
      ),
    ).toBe(0);
  });
});
