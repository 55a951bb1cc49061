import { crc32 } from 'node:zlib';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { formatHlc } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import { MalformedBytes } from './bytes.js';
import { writeColumns } from './json-columns.js';
import { knownKeys } from './known-keys.js';
import { readColumns } from './read-columns.js';

jest.setTimeout(180_000);

const through = (value: unknown): unknown => readColumns(writeColumns(value).bytes);
/** As JSON tells it: what a reader of JSON would have got. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const times = fc.integer({ min: 0, max: 4e12 });
/** Texts that have a form of their own, and texts that nearly have it. */
const special = fc.oneof(
  fc.tuple(times, fc.nat(0xffff), fc.constantFrom('eu', 'us-2', '')).map(([ms, counter, region]) => formatHlc({ ms, counter, region })),
  times.map((ms) => new Date(ms).toISOString()),
  fc.ulid(),
  fc.constant(null).map(() => newId()),
  fc.tuple(fc.string(), fc.nat()).map(([stem, n]) => `${stem}${n}`),
  fc.tuple(fc.string({ maxLength: 3 }), fc.nat({ max: 12 })).map(([stem, n]) => `${stem}${'0'.repeat(n)}7`),
  fc.constantFrom(
    '1700000000000.000G.eu',
    '170000000000.00000.eu',
    '2025-02-30T00:00:00.000Z',
    '2025-01-01T24:00:00.000Z',
    '8'.repeat(26),
    '9'.repeat(40),
  ),
  fc.string({ unit: 'binary' }),
);
const keys = fc.oneof(fc.constantFrom(...knownKeys, '__proto__', '7', 'constructor'), fc.string());
const { value: anything } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      special,
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    ),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

describe('columns', () => {
  it('give back any JSON as it was, keys in their order', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(JSON.stringify(through(value))).toBe(JSON.stringify(asJson(value)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('give back what is alike and differs in a part, a thousand times', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ id: special, at: special, n: fc.maxSafeInteger(), data: anything }), { minLength: 1, maxLength: 50 }),
        (rows) => {
          const many = Array.from({ length: 1_000 }, (_, i) => ({ ...rows[i % rows.length], sequence: i }));
          expect(JSON.stringify(through(many))).toBe(JSON.stringify(asJson(many)));
        },
      ),
      { numRuns: 10 },
    );
  });

  it('give back what is nested far too deep, and no Unicode', () => {
    let deep: unknown = { id: 'x', at: [1] };
    for (let i = 0; i < 1_000; i += 1) deep = i % 2 === 0 ? [deep, i] : { next: deep, 'no \ud800 key': '\udfff' };
    expect(JSON.stringify(through({ deep }))).toBe(JSON.stringify({ deep }));
  });

  it('know -0 from 0, and leave out what is undefined', () => {
    expect(through([-0, 0, 5e-324, 2 ** 53, -(2 ** 52), 1e308, undefined === 1])).toEqual([
      -0,
      0,
      5e-324,
      2 ** 53,
      -(2 ** 52),
      1e308,
      false,
    ]);
    expect(through({ a: undefined, b: 1 })).toEqual({ b: 1 });
  });

  it('refuse what is cut short, changed or invented, and never fail otherwise', () => {
    const { bytes } = writeColumns(
      Array.from({ length: 20 }, (_, i) => ({
        id: newId(),
        at: formatHlc({ ms: 1e12 + i, counter: i, region: 'eu' }),
        n: i,
        text: `t${i}`,
        deep: [{ i }],
      })),
    );
    const orRefused = (some: Uint8Array): void => {
      try {
        readColumns(some);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedBytes);
      }
    };
    for (let end = 0; end < bytes.length; end += 1) expect(() => readColumns(bytes.subarray(0, end))).toThrow(MalformedBytes);
    expect(() => readColumns(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(MalformedBytes);
    for (let at = 0; at < bytes.length; at += 1)
      for (const bit of [1, 16, 128]) {
        const rotten = Uint8Array.from(bytes);
        rotten[at]! ^= bit;
        orRefused(rotten);
      }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), orRefused), { numRuns: 2_000 });
  });

  it('refuse a few bytes that tell of more than any memory holds', () => {
    // 60 arrays, each of two of the one before it.
    const doubling = Buffer.from([0, 60, 4 + 1, 0, 0, ...Array.from({ length: 59 }, () => [4 + 1, 16, 16]).flat(), 16]);
    expect(() => readColumns(doubling)).toThrow('more in it than in anything');
    const announced = Buffer.from([0, 1, 0xff, 0xff, 0xff, 0x7f, 0]);
    expect(() => readColumns(announced)).toThrow(MalformedBytes);
    const { bytes } = writeColumns(Array.from({ length: 2_000 }, () => 'x'.repeat(10_000)));
    expect(bytes.length).toBeLessThan(20_000);
    expect(() => readColumns(bytes)).toThrow('more in it than in anything');
    const many = Array.from({ length: 1_000 }, () => null);
    const underMany = writeColumns(Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, many])));
    expect(underMany.bytes.length).toBeLessThan(20_000);
    expect(() => readColumns(underMany.bytes)).toThrow('more in it than in anything');
    const nested = Buffer.from([0, 100, 2 + 1, 0, ...Array.from({ length: 99 }, () => [2 + 1, 16]).flat(), 16]);
    expect(() => readColumns(nested)).toThrow('nested too deep');
  });
});

describe('form 1 of the columns', () => {
  const released = {
    events: [1, 2, 3].map((n) => ({
      specversion: '1.0',
      id: `01M8BHQ8NR2JH5EAV5D00006X${n}`,
      time: `2026-11-26T09:06:56.74${n}Z`,
      originsequence: 3_500 + n,
      hlc: `17956840168${n}4.000${n}.eu`,
      data: {
        id: `item-00136${n}`,
        value: n % 2 === 0 ? 70_000 * n : `amber-${n}`,
        half: n / 2,
        none: null,
        is: n > 1,
        odd: { '\ud800': '\ud801' },
      },
    })),
  };
  /** As it was released. Streams hold messages for a week, and peers are upgraded one after the other: a change here is another form. */
  const written =
    'BARoYWxmBG5vbmUCaXMDb2RkCAwFBh4GKwQsAC0CLgoMBAYFCAkJDAMNBxAQDAUGHgMrAywALQEuCgwEBgUICQkMAw0HEBAMBQYeBisELAAtAS4KDAQGBQgJCQwDDQcQEAcUEhACAhAQAAQwOjEuAQEAAAAAAAQCAPCK3fHCaAAJMkpINUVBVjVEAQEBwm4CAgABAQIBpQICAdo2AgIAAwECAZIUAAJldQEBAAIEBgAHNjppdGVtLQEBAaIVAgIACDA6YW1iZXItAQACBj/gAAAAAAAAP/gAAAAAAAAAE3siXHVkODAwIjoiXHVkODAxIn0BAQIDwEUEAAI=';

  it('is written and read as it was released', () => {
    expect(Buffer.from(writeColumns(released).bytes).toString('base64')).toBe(written);
    expect(readColumns(Buffer.from(written, 'base64'))).toEqual(released);
    expect(crc32(JSON.stringify(knownKeys))).toBe(2_430_608_081);
  });
});
