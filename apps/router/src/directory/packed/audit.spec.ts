import { DirectoryTable } from '../directory-table.js';
import { auditSlices } from './audit.js';
import { KeyWords } from './key-words.js';
import { header, segment } from './layout.js';
import { segmentFullAt } from './layout.js';
import { stampEntry, tenantEntry } from './table-model.fixture.js';

const audit = (table: DirectoryTable): readonly string[] => [...auditSlices(table)].flat();

/** A directory that has lived: splits, changes in place, hosts that came and went. */
const lived = (): DirectoryTable => {
  const table = new DirectoryTable('g');
  let cursor = 0;
  for (let round = 1; round <= 3; round += 1)
    for (let i = 0; i < segmentFullAt * 2; i += 1)
      table.apply(tenantEntry(`t${i}`, (cursor += 1), { epoch: round, hosts: i % 4 === round ? [`h${i}.example`] : [] }));
  table.apply(stampEntry('eu-1', (cursor += 1)));
  table.apply(stampEntry('eu-1', (cursor += 1)));
  return table;
};

const refOf = (table: DirectoryTable, tenant: string): number => {
  const key = new KeyWords();
  key.setText(tenant);
  return table.tenants.find(key, key.hash(table.heap.key0, table.heap.key1));
};
const flip = (table: DirectoryTable, at: number, bit = 1): void => table.heap.set(at, table.heap.at(at) ^ bit);

describe('the audit of the directory in memory', () => {
  it('finds nothing in a directory that has lived', () => expect(audit(lived())).toEqual([]));

  it('changes between two slices are no finding', () => {
    const table = lived();
    let cursor = 100_000;
    for (const findings of auditSlices(table)) {
      expect(findings).toEqual([]);
      for (let i = 0; i < 300; i += 1) table.apply(tenantEntry(`n${cursor}`, (cursor += 1), { hosts: [`n${cursor}.example`] }));
    }
  });

  it.each([
    ['an epoch', (table: DirectoryTable) => flip(table, refOf(table, 't7') + 1), ['rows']],
    ['a stamp', (table: DirectoryTable) => flip(table, refOf(table, 't7'), 1 << 17), ['rows']],
    ['a cursor', (table: DirectoryTable) => flip(table, refOf(table, 't7') + 2), ['entries', 'rows']],
    ['an id', (table: DirectoryTable) => flip(table, refOf(table, 't7') + 7), ['lost', 'entries', 'rows']],
    ['a host’s name', (table: DirectoryTable) => flip(table, table.records.hostRefs(refOf(table, 't7'))[0]! + 3), ['rows', 'lost']],
    ['the root', (table: DirectoryTable) => flip(table, header.rootLow), ['total']],
    ['the number of entries', (table: DirectoryTable) => flip(table, header.entries), ['total']],
    [
      'a slot',
      (table: DirectoryTable) => {
        const [first] = table.tenants.segments();
        let at = first!.at + segment.slots;
        while (table.heap.at(at) === 0) at += 1;
        table.heap.set(at, 0);
      },
      ['entries', 'rows'],
    ],
  ])('finds %s that changed by itself', (_, corrupt, findings) => {
    const table = lived();
    corrupt(table);
    expect(audit(table)).toEqual(expect.arrayContaining(findings));
  });
});
