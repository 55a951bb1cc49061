import fc from 'fast-check';
import { quoted } from './json-text.js';

it('writes a text as JSON does, whatever is in it', () => {
  const character = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 0x7f }).map((code) => String.fromCharCode(code)) },
    { weight: 1, arbitrary: fc.integer({ min: 0x80, max: 0xffff }).map((code) => String.fromCharCode(code)) },
  );
  fc.assert(
    fc.property(fc.array(character, { maxLength: 4 }), (all) => expect(quoted(all.join(''))).toBe(JSON.stringify(all.join('')))),
    { numRuns: 2_000 },
  );
  for (const text of ['', '1764000000000.0000.eu', 'a"b', 'a\\b', '\u007f', '\ud800', 'größe', '\n'])
    expect(quoted(text)).toBe(JSON.stringify(text));
});
