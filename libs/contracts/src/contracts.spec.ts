import { entryHash, addToRoot, removeFromRoot, formatRoot } from './directory-digest.js';
import { CreateTenantSchema } from './api/tenants.js';
import { eventSchemas } from './events/registry.js';
import { EventEnvelopeSchema } from './events/envelope.js';
import { StampFileSchema } from './stamp-spec.js';
import { directoryEntry, directoryStream, geoStream } from './subjects.js';

test('a tenant needs only an id and a region', () => {
  expect(CreateTenantSchema.parse({ id: 'acme', region: 'eu' })).toEqual({
    id: 'acme',
    region: 'eu',
    weight: 1,
    residency: [],
    tier: 'pooled',
    labels: {},
  });
});

test.each([
  ['a long id', { id: 'x'.repeat(300), region: 'eu' }],
  ['an upper-case id', { id: 'Acme', region: 'eu' }],
  ['weight 0', { id: 'a', region: 'eu', weight: 0 }],
  ['a fraction of a unit', { id: 'a', region: 'eu', weight: 1.5 }],
  ['an unknown field', { id: 'a', region: 'eu', wieght: 2 }],
  ['too many labels', { id: 'a', region: 'eu', labels: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, 'v'])) }],
  ['an unknown tier', { id: 'a', region: 'eu', tier: 'gold' }],
])('%s is refused', (_, body) => expect(CreateTenantSchema.safeParse(body).success).toBe(false));

test('a stamp file must carry its own region in its name, and at least one unit', () => {
  expect(StampFileSchema.safeParse({ name: 'eu-2', region: 'eu' }).success).toBe(true);
  expect(StampFileSchema.safeParse({ name: 'us-2', region: 'eu' }).success).toBe(false);
  expect(StampFileSchema.safeParse({ name: 'eu-2', region: 'eu', capacity: { units: 0 } }).success).toBe(false);
});

test('every event type is versioned and fits the envelope', () => {
  const type = EventEnvelopeSchema.shape.type;
  for (const name of Object.keys(eventSchemas)) expect(type.safeParse(name).success).toBe(true);
});

test('streams of two regions never share a name, and keys become subjects', () => {
  expect(geoStream('eu')).not.toBe(geoStream('us'));
  expect(geoStream('eu-west')).toBe('GEO_EU_WEST');
  expect(directoryStream('eu')).not.toBe(geoStream('eu'));
  expect(directoryEntry('eu', 'tenant/acme')).toBe('dir.eu.tenant.acme');
});

test('the root is independent of order and forgets what is removed', () => {
  const [a, b, c] = [entryHash('tenant/a', 1), entryHash('tenant/b', 2), entryHash('tenant/a', 3)];
  expect(addToRoot(addToRoot(0n, a!), b!)).toBe(addToRoot(addToRoot(0n, b!), a!));
  expect(removeFromRoot(addToRoot(addToRoot(0n, a!), b!), a!)).toBe(b);
  expect(formatRoot(removeFromRoot(0n, c!))).toHaveLength(16);
});
