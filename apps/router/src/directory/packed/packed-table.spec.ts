import fc from 'fast-check';
import type { DirectoryEntry } from '@lapidary/contracts/directory';
import { DirectoryTable } from '../directory-table.js';
import { segmentFullAt } from './layout.js';
import { PackedReader } from './packed-reader.js';
import { asAsked, stampEntry, TableModel, tenantEntry } from './table-model.fixture.js';

const hostNames = ['a.example', 'B.Example', 'shop.a.example', 'ünï.example', 'x'.repeat(240)];
const change = fc.oneof(
  fc
    .record({
      id: fc.constantFrom('a', 'bb', 'ccc-3', 'dddd', 'e'.repeat(63)),
      cursor: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 2 ** 32 - 3, max: 2 ** 32 + 3 })),
      epoch: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(2 ** 32, 2 ** 39)),
      hosts: fc.uniqueArray(fc.constantFrom(...hostNames), { maxLength: 4 }),
      stamp: fc.constantFrom('eu-1', 'eu-2', null),
      status: fc.constantFrom('pending', 'placed', 'suspended', 'deleted'),
      region: fc.constantFrom('eu', 'us'),
    })
    .map(({ id, cursor, status, region, ...over }): DirectoryEntry => {
      const entry = tenantEntry(id, cursor, over);
      return { ...entry, body: { ...entry.body, status, region } };
    }),
  fc
    .record({ n: fc.integer({ min: 1, max: 3 }), cursor: fc.integer({ min: 1, max: 40 }) })
    .map(({ n, cursor }) => stampEntry(`eu-${n}`, cursor, [`http://127.0.0.1:${cursor}`])),
);

const expectSame = (table: PackedReader, model: TableModel): void => {
  expect(table.numbers()).toEqual(model.digest());
  for (const [key, entry] of model.entries) {
    expect(table.held(key)?.entry).toEqual(entry);
    if (entry.body.kind === 'tenant') expect(table.tenant(entry.body.tenant)).toEqual(entry.body);
    else expect(table.stamp(entry.body.stamp)).toEqual(entry.body);
  }
  for (const host of hostNames.map(asAsked)) expect(table.tenantOfHost(host)).toBe(model.hosts.get(host));
};

describe('the packed directory', () => {
  it('finds a claimed host as clients ask for it, however people have written it down, and gives it back as they have', () => {
    const table = new DirectoryTable('g');
    const hosts = ['Bücher.Example', 'dot.example.'];
    table.apply(tenantEntry('acme', 1, { hosts }));
    for (const asked of ['xn--bcher-kva.example', 'dot.example']) expect(table.tenantOfHost(asked)).toBe('acme');
    expect(table.tenant('acme')?.hosts).toEqual(hosts);
    table.apply(tenantEntry('acme', 2));
    for (const asked of ['xn--bcher-kva.example', 'dot.example']) expect(table.tenantOfHost(asked)).toBeUndefined();
  });

  it('is what plain maps are, after any changes in any order, for its writer and for another reader of its memory (I1, I6)', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const table = new DirectoryTable('g');
        const reader = new PackedReader(table.memory);
        const model = new TableModel();
        for (const entry of changes) expect(table.apply(entry)).toBe(model.apply(entry));
        expectSame(table, model);
        expectSame(reader, model);
        expect([...table.all()].sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual(
          [...model.entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1)),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('grows through many splits and loses nobody, and a reader from before sees everybody', () => {
    const table = new DirectoryTable('g');
    const reader = new PackedReader(table.memory);
    const model = new TableModel();
    const tenants = segmentFullAt * 8;
    for (let i = 0; i < tenants; i += 1) {
      const entry = tenantEntry(`t${i}`, i + 1, { hosts: i % 2 === 0 ? [`h${i}.example`] : [] });
      table.apply(entry);
      model.apply(entry);
    }
    expect(reader.numbers()).toEqual(model.digest());
    for (let i = 0; i < tenants; i += 1) {
      expect(reader.tenant(`t${i}`)?.tenant).toBe(`t${i}`);
      expect(reader.tenantOfHost(`h${i}.example`)).toBe(i % 2 === 0 ? `t${i}` : undefined);
    }
    expect(reader.tenant(`t${tenants}`)).toBeUndefined();
  });

  it('uses memory again: changing everything, hosts too, takes no more of it', () => {
    const table = new DirectoryTable('g');
    let cursor = 0;
    const round = (n: number): void => {
      for (let i = 0; i < 500; i += 1) table.apply(tenantEntry(`t${i}`, (cursor += 1), { hosts: [`h${i}-${n % 10}.example`], epoch: n }));
    };
    for (let n = 0; n < 3; n += 1) round(n);
    const used = table.bytesUsed;
    for (let n = 3; n < 30; n += 1) round(n);
    expect(table.bytesUsed).toBeLessThanOrEqual(used + 4096);
    expect(table.tenantOfHost('h7-9.example')).toBe('t7');
    expect(table.tenantOfHost('h7-8.example')).toBeUndefined();
  });

  it('keeps when this router learned of an entry, and that it came with a whole directory', () => {
    const table = new DirectoryTable('g');
    const entry = tenantEntry('a', 1);
    table.apply(entry);
    expect(table.held('tenant/a')?.appliedAtMs).toBe(0);
    table.apply({ ...entry, cursor: 2 }, entry.committedAtMs + 17);
    expect(table.held('tenant/a')?.appliedAtMs).toBe(entry.committedAtMs + 17);
    table.apply({ ...entry, cursor: 3 }, entry.committedAtMs - 5);
    expect(table.held('tenant/a')?.appliedAtMs).toBe(entry.committedAtMs - 5);
  });

  it('names that chose one seed’s segment fill no segment of a table, whose seed nobody knows', () => {
    const [one, other] = [new DirectoryTable('g'), new DirectoryTable('g')];
    for (const table of [one, other]) for (let i = 0; i < 20_000; i += 1) table.apply(tenantEntry(`t${i}`, i + 1));
    // The same names, and not the same memory: the seeds differ.
    expect(Buffer.from(new Uint8Array(one.memory)).equals(Buffer.from(new Uint8Array(other.memory)))).toBe(false);
    // 20,000 by chance need at most 64 segments of 4 kB beside their records; by one segment's choice they would end in an error.
    expect(one.bytesUsed).toBeLessThan(4 * 1024 * 1024);
  });

  it('its version grows with each change, goes on in the table that takes its place, and stands still otherwise', () => {
    const table = new DirectoryTable('g');
    table.succeed(2 ** 32 - 2);
    expect(table.version).toBe(2 ** 32 - 1);
    table.apply(tenantEntry('a', 5));
    expect(table.version).toBe(2 ** 32);
    table.apply(tenantEntry('a', 4));
    expect(table.version).toBe(2 ** 32);
    table.apply(stampEntry('eu-1', 6));
    expect(new PackedReader(table.memory).version).toBe(2 ** 32 + 1);
  });
});
