import { hash } from 'node:crypto';
import { shortSha256, shortTextMax } from './short-sha-256.js';

const digits = (text: string): string | null => {
  const found = shortSha256(text);
  return found && found.high.toString(16).padStart(8, '0') + found.low.toString(16).padStart(8, '0');
};

describe('the beginning of SHA-256 of a short text', () => {
  it('is what node:crypto says, for every length', () => {
    for (let length = 0; length <= shortTextMax; length += 1)
      for (const fill of ['\0', 'a', '~', '\x7f', 'tenant/acme-9\n'])
        expect([length, digits(fill.repeat(length).slice(0, length))]).toEqual([
          length,
          hash('sha256', fill.repeat(length).slice(0, length), 'hex').slice(0, 16),
        ]);
  });

  it('is what node:crypto says, for many keys and cursors', () => {
    for (let n = 0; n < 2_000; n += 1) {
      const text = `tenant/${(n * 2_654_435_761).toString(36)}\n${n * 7_919}`;
      expect(digits(text)).toBe(hash('sha256', text, 'hex').slice(0, 16));
    }
  });

  it.each([
    ['longer', 'a'.repeat(shortTextMax + 1)],
    ['outside ASCII', 'tenant/ä'],
    ['outside ASCII at its end', `${'a'.repeat(64)}\u{80}`],
  ])('is left to others where it is %s', (_, text) => expect(shortSha256(text)).toBeNull());
});
