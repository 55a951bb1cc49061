import fc from 'fast-check';
import type { DirectoryEntry } from '@lapidary/contracts/directory';
import { addToRoot, entryHash, formatRoot } from '@lapidary/contracts/directory-digest';
import { parseEntry } from './directory-entry.js';
import { DirectoryTable } from './directory-table.js';

const tenant = (id: string, cursor: number, hosts: string[] = [], epoch = 1): DirectoryEntry => ({
  key: `tenant/${id}`,
  cursor,
  committedAtMs: 0,
  body: { kind: 'tenant', tenant: id, region: 'eu', status: 'placed', stamp: 'eu-1', epoch, hosts },
});

describe('the directory in memory', () => {
  it('holds the same after the same entries, in any order, any number of times (I6), with the digest of what it holds', () => {
    const entry = fc
      .record({ id: fc.constantFrom('a', 'b', 'c'), cursor: fc.integer({ min: 1, max: 30 }) })
      .map(({ id, cursor }) => tenant(id, cursor));
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: (e) => e.cursor, maxLength: 20 }), fc.infiniteStream(fc.nat()), (entries, random) => {
        const inOrder = new DirectoryTable('g');
        for (const e of entries) inOrder.apply(e);
        const shuffled = new DirectoryTable('g');
        const order = [...entries, ...entries].map((e) => [random.next().value as number, e] as const).sort(([a], [b]) => a - b);
        for (const [, e] of order) shuffled.apply(e);
        expect(shuffled.digest).toEqual(inOrder.digest);
        const root = [...inOrder.all()].reduce((sum, e) => addToRoot(sum, entryHash(e.key, e.cursor)), 0n);
        expect(inOrder.digest.root).toBe(formatRoot(root));
      }),
    );
  });

  it('never goes back to an older placement (I1)', () => {
    const table = new DirectoryTable('g');
    expect(table.apply(tenant('acme', 9, [], 4))).toBe(true);
    expect(table.apply(tenant('acme', 8, [], 3))).toBe(false);
    expect(table.apply(tenant('acme', 9, [], 5))).toBe(false);
    expect(table.tenant('acme')?.epoch).toBe(4);
  });

  it('a host that moved to another tenant stays there, whichever entry comes first', () => {
    const gives = tenant('old', 11);
    const takes = tenant('new', 10, ['shop.example.com']);
    for (const order of [
      [gives, takes],
      [takes, gives],
    ]) {
      const table = new DirectoryTable('g');
      table.apply(tenant('old', 1, ['shop.example.com']));
      for (const e of order) table.apply(e);
      expect(table.tenantOfHost('shop.example.com')).toBe('new');
    }
  });

  it('a host that nobody has any more is nobody’s', () => {
    const table = new DirectoryTable('g');
    table.apply(tenant('acme', 1, ['Shop.Example.com']));
    expect(table.tenantOfHost('shop.example.com')).toBe('acme');
    table.apply(tenant('acme', 2));
    expect(table.tenantOfHost('shop.example.com')).toBeUndefined();
  });

  it.each([
    ['another key than its body says', { ...tenant('a', 1), key: 'tenant/b' }],
    ['no cursor', { ...tenant('a', 1), cursor: undefined }],
    ['a bad tenant id', tenant('../x', 1)],
    ['text', 'x'],
  ])('an entry with %s is none', (_, value) => expect(parseEntry(value)).toBeNull());
});
