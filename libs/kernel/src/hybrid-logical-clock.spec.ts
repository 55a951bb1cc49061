import fc from 'fast-check';
import { advanceHlc, formatHlc, HybridLogicalClock, parseHlc } from './hybrid-logical-clock.js';

const stamp = fc.record({
  ms: fc.integer({ min: 0, max: 9_999_999_999_999 }),
  counter: fc.integer({ min: 0, max: 0xffff }),
  region: fc.constantFrom('eu', 'us', 'ap-south'),
});

test('a stamp survives its text form, and texts sort as stamps do', () => {
  fc.assert(
    fc.property(stamp, stamp, (a, b) => {
      expect(parseHlc(formatHlc(a))).toEqual(a);
      const byValue = a.ms - b.ms || a.counter - b.counter || (a.region < b.region ? -1 : a.region > b.region ? 1 : 0);
      const byText = formatHlc(a) < formatHlc(b) ? -1 : formatHlc(a) > formatHlc(b) ? 1 : 0;
      expect(Math.sign(byText)).toBe(Math.sign(byValue));
    }),
  );
});

test('the clock only goes forward, whatever wall time and peers say', () => {
  fc.assert(
    fc.property(stamp, fc.integer({ min: 0, max: 9_999_999_999_990 }), fc.option(stamp, { nil: undefined }), (last, now, seen) => {
      const next = advanceHlc(last, now, seen);
      expect(formatHlc(next) > formatHlc(last)).toBe(true);
      if (seen) expect(formatHlc({ ...next, region: 'a' }) > formatHlc({ ...seen, region: 'a' })).toBe(true);
    }),
  );
});

test('a process whose wall clock stands still still gives distinct ascending stamps', () => {
  const clock = new HybridLogicalClock('eu', { nowMs: () => 1_000 });
  const texts = Array.from({ length: 70_000 }, () => clock.tick());
  expect(new Set(texts).size).toBe(texts.length);
  expect([...texts].sort()).toEqual(texts);
});

test.each(['', 'x', '123.0000.eu', '0000000000001.zzzz.eu'])('%j is not a stamp', (text) => expect(parseHlc(text)).toBeNull());
