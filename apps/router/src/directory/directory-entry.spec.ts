import { DirectoryEntrySchema, stampKey, tenantKey } from '@lapidary/contracts/directory';
import { parseEntry } from './directory-entry.js';
import { stampEntry, tenantEntry } from './packed/table-model.fixture.js';

/** What the schema says of it, and the table's own bounds, without the short way. */
const bySchema = (value: unknown): unknown => {
  const { data } = DirectoryEntrySchema.safeParse(value);
  if (!data) return null;
  const { key, cursor, committedAtMs, body } = data;
  if (key !== (body.kind === 'tenant' ? tenantKey(body.tenant) : stampKey(body.stamp))) return null;
  return cursor < 2 ** 48 && body.epoch < 2 ** 40 && committedAtMs >= 0 && committedAtMs < 2 ** 48 ? data : null;
};

/** Values that some field of an entry may not, or may, have. */
const odd: unknown[] = [
  undefined,
  null,
  true,
  0,
  -0,
  -1,
  1.5,
  Number.NaN,
  2 ** 40,
  2 ** 48,
  2 ** 53,
  '',
  'tenant',
  'stamp',
  'placed',
  'x'.repeat(64),
  'UPPER',
  'eu',
  'eu-1',
  'a b',
  'acme\n',
  [],
  ['a.example'],
  ['A.example', 1],
  {},
  { kind: 'tenant' },
];

describe('an entry of the directory', () => {
  it('is judged the short way as by its schema, whatever any field of it holds', () => {
    const whole = [tenantEntry('acme', 7), tenantEntry('acme', 7, { stamp: null, hosts: ['www.acme.example'] }), stampEntry('eu-1', 3)];
    for (const entry of whole) {
      const fields = [...Object.keys(entry), 'more'].map((field) => (value: unknown): unknown => ({ ...entry, [field]: value }));
      const bodyFields = [...Object.keys(entry.body), 'strictIn', 'frozen', 'more'].map((field) => (value: unknown): unknown => ({
        ...entry,
        body: { ...entry.body, [field]: value },
      }));
      for (const changed of [...fields, ...bodyFields].flatMap((change) => odd.map(change)))
        expect([changed, parseEntry(changed)]).toEqual([changed, bySchema(changed)]);
      expect(parseEntry(JSON.parse(JSON.stringify(entry)))).toEqual(entry);
    }
  });

  it.each([...Object.keys(tenantEntry('acme', 7)), ...Object.keys(tenantEntry('acme', 7).body)])('is none without its %s', (field) => {
    const { body, ...rest } = tenantEntry('acme', 7);
    const without = <T extends object>(value: T): object => Object.fromEntries(Object.entries(value).filter(([name]) => name !== field));
    expect(parseEntry(without({ ...rest, body: without(body) }))).toBeNull();
  });

  it('loses what this version does not know, as the schema has it', () => {
    const { body, ...rest } = tenantEntry('acme', 7);
    expect(parseEntry({ ...rest, body: { ...body, later: 1 } })).toEqual({ ...rest, body });
    // A field of that name changes no prototype here, and is none of ours.
    expect(parseEntry(JSON.parse(JSON.stringify({ ...rest, body }).replace('"kind"', '"__proto__":{"x":1},"kind"')))).toEqual({
      ...rest,
      body,
    });
  });
});
