import fc from 'fast-check';
import { isoOfMs, msOfIso } from './iso-time.js';

const times = fc.oneof(
  fc.integer({ min: 0, max: 4e12 }),
  fc.integer({ min: 1.79e12, max: 1.79e12 + 2 * 86_400_000 }),
  fc.integer({ min: -1e14, max: 8e15 }),
);

test('times are written as Date writes them, and read back', () => {
  fc.assert(
    fc.property(fc.array(times, { minLength: 1, maxLength: 20 }), (some) => {
      for (const ms of some) {
        const text = new Date(ms).toISOString();
        expect(isoOfMs(ms)).toBe(text);
        expect(msOfIso(text)).toBe(ms >= 0 && text.length === 24 ? ms : null);
      }
    }),
    { numRuns: 300 },
  );
  expect(() => isoOfMs(9e15)).toThrow(RangeError);
});

test('whatever is read is written the same again', () => {
  const digits = fc.stringMatching(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/);
  const nearly = fc.tuple(times, fc.nat(23), fc.constantFrom('0', '9', ':', 'Z', '-', ' ')).map(([ms, at, by]) => {
    const text = new Date(Math.abs(ms) % 4e12).toISOString();
    return text.slice(0, at) + by + text.slice(at + 1);
  });
  fc.assert(
    fc.property(fc.oneof(digits, nearly, fc.string()), (text) => {
      const ms = msOfIso(text);
      if (ms !== null) expect(new Date(ms).toISOString()).toBe(text);
    }),
    { numRuns: 2_000 },
  );
  for (const none of ['2025-02-29T00:00:00.000Z', '2025-01-01T24:00:00.000Z', '1969-12-31T23:59:59.999Z', '2025-01-01T00:00:60.000Z'])
    expect(msOfIso(none)).toBeNull();
});
