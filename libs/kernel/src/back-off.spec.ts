import fc from 'fast-check';
import { backOffMs } from './back-off.js';

test('delays grow to the ceiling and stay within half and whole of it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      const delay = backOffMs(attempt, 100, 5_000, () => random);
      const ceiling = Math.min(5_000, 100 * 2 ** Math.min(attempt, 30));
      expect(delay).toBeGreaterThanOrEqual(Math.floor(ceiling / 2));
      expect(delay).toBeLessThanOrEqual(ceiling);
    }),
  );
});
