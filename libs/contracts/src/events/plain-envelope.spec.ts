import fc from 'fast-check';
import { EventEnvelopeSchema } from './envelope.js';
import { isPlainEnvelope } from './plain-envelope.js';

/** By assignment of own properties, as JSON.parse does. */
const withOwn = (made: Record<string, unknown>, name: string, value: unknown): Record<string, unknown> =>
  Object.defineProperty({ ...made }, name, { value, enumerable: true, configurable: true, writable: true });

const ordinary = {
  specversion: '1.0',
  id: '01KB0000000000000000000001',
  source: '/regions/eu',
  type: 'lapidary.document.changed.v1',
  subject: 'document/items//sku-1',
  time: '2026-11-27T18:00:00.123Z',
  originregion: 'eu',
  originepoch: 1,
  originsequence: 7,
  hlc: '1764000000000.0000.eu',
  requestid: '01KB0000000000000000000002',
  actor: 'token:bootstrap',
  data: { collection: 'items' } as Record<string, unknown>,
};

const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    ...['', '/regions/', '/region/eu', 'lapidary.a.v0', 'lapidary.a.b-c.v12', 'lapidary.A.b.v1', '2.0', 'x'.repeat(64), 'x'.repeat(65)],
    ...[
      's'.repeat(200),
      's'.repeat(201),
      '2026-11-27T18:00:00Z',
      '2026-02-29T18:00:00.000Z',
      '2028-02-29T23:59:59.999Z',
      '1969-12-31T00:00:00.000Z',
    ],
    ...['2026-11-27T24:00:00.000Z', '+012026-11-27T18:00:00.000Z', '2026-11-27T18:00:00.123+01:00'],
    ...[undefined, null, 0, 1, -1, 1.5, 2 ** 53, NaN, Infinity, [], {}, new Date(0), Object.create(null), 1n, () => 1],
    ...[withOwn({}, 'constructor', 1), withOwn({ a: 1 }, '__proto__', { b: 1 }), { a: undefined }],
  ),
);
const keys = [...Object.keys(ordinary), 'more', 'constructor', '__proto__'];
const envelope = fc
  .array(fc.tuple(fc.constantFrom(...keys), fc.oneof({ weight: 6, arbitrary: odd }, { weight: 1, arbitrary: fc.constant('drop') })), {
    maxLength: 2,
  })
  .map((replaced) => {
    let made: Record<string, unknown> = { ...ordinary };
    for (const [key, value] of replaced) {
      if (value === 'drop') delete made[key];
      else made = withOwn(made, key, value);
    }
    return made;
  });

const seen = { quick: 0, slow: 0, refused: 0 };

it('is true only of what the schema accepts and gives back as it is', () => {
  fc.assert(
    fc.property(envelope, (item) => {
      const quick = isPlainEnvelope(item);
      const read = EventEnvelopeSchema.safeParse(item);
      seen[quick ? 'quick' : read.success ? 'slow' : 'refused'] += 1;
      if (!quick) return;
      expect(read.success).toBe(true);
      expect(read.data).toStrictEqual(item);
    }),
    { numRuns: 6_000 },
  );
  // The generator reaches each of the three many times more often, or this shows nothing.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
});

it('is true of an ordinary envelope, so that it is worth asking', () => {
  expect(isPlainEnvelope(ordinary)).toBe(true);
  expect(isPlainEnvelope(JSON.parse(JSON.stringify(ordinary)))).toBe(true);
  expect(isPlainEnvelope({ ...ordinary, id: '' })).toBe(false);
  expect(isPlainEnvelope({ ...ordinary, originsequence: 0 })).toBe(false);
  expect(isPlainEnvelope('no envelope')).toBe(false);
});
