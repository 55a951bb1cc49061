import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDiskCopy } from './disk-copy-format.js';
import { readDiskCopy, writeDiskCopy, type DiskCopyPlace } from './disk-copy.js';
import { DirectoryTable } from './directory-table.js';
import { auditSlices } from './packed/audit.js';
import { stampEntry, tenantEntry } from './packed/table-model.fixture.js';

const key = 'a key of this region’s routers';
const hostsOf = (i: number): string[] => (i % 3 === 0 ? [`Shop${i}.Example.com`, `ünï${i}.example`] : []);
const fill = (table: DirectoryTable, count: number, firstCursor = 1): DirectoryTable => {
  for (let i = 0; i < count; i += 1)
    table.apply(tenantEntry(`t${i}`, firstCursor + i, { epoch: i, stamp: i % 5 === 0 ? null : `eu-${(i % 7) + 1}`, hosts: hostsOf(i) }));
  table.apply(stampEntry('eu-1', firstCursor + count));
  return table;
};
const tableOf = (count: number, firstCursor = 1): DirectoryTable => fill(new DirectoryTable('g'), count, firstCursor);
const sorted = (table: DirectoryTable): unknown[] => [...table.all()].sort((a, b) => (a.key < b.key ? -1 : 1));

let folder: string;
let place: DiskCopyPlace;
const files = async (): Promise<string[]> => (await readdir(join(folder, 'deep'))).sort();
const write = (table: DirectoryTable, confirmedAtMs = 123, over: Partial<DiskCopyPlace> = {}): Promise<void> =>
  writeDiskCopy({ ...place, ...over }, table, () => confirmedAtMs);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapidary-router-'));
  place = { file: join(folder, 'deep', 'directory.copy'), region: 'eu', key };
});
afterEach(() => rm(folder, { recursive: true }));

describe('the copy of the directory on disk', () => {
  it.each([0, 1, 3_000])('gives %i tenants back as they were, sound, and leaves no temporary file', async (count) => {
    const table = tableOf(count);
    await write(table);
    const read = await readDiskCopy(place);
    if (!read.ok) throw new Error('not read');
    expect(read.copy.confirmedAtMs).toBe(123);
    expect(read.copy.table.digest).toEqual(table.digest);
    expect(sorted(read.copy.table)).toEqual(sorted(table));
    for (let i = 0; i < count; i += 7) expect(read.copy.table.tenantOfHost(`shop${i}.example.com`)).toBe(i % 3 === 0 ? `t${i}` : undefined);
    // The first pass adds the rows up and holds them against the digest that was signed; the second against those sums.
    for (let pass = 0; pass < 2; pass += 1) expect([...auditSlices(read.copy.table)].flat()).toEqual([]);
    expect(await files()).toEqual(['directory.copy']);
  });

  it('keeps where a strict tenant may be read (I3)', async () => {
    const table = tableOf(1);
    const lists = [['eu'], ['ch', 'eu'], [], undefined];
    lists.forEach((strictIn, i) => table.apply(tenantEntry(`strict${i}`, 10_000 + i, { strictIn })));
    await write(table);
    const read = await readDiskCopy(place);
    if (!read.ok) throw new Error('not read');
    for (const held of [table, read.copy.table]) expect(lists.map((_, i) => held.tenant(`strict${i}`)?.strictIn)).toEqual(lists);
    expect(read.copy.table.tenant('strict1')?.region).toBe('eu');
  });

  it('is of the moment of its end, with every change that came while it was written', async () => {
    const table = tableOf(6_000);
    let cursor = 10_000;
    let going = true;
    const changes = (async () => {
      for (let i = 0; going; i = (i + 1) % 6_000) {
        table.apply(tenantEntry(`t${i}`, (cursor += 1), { epoch: 2, hosts: hostsOf(i) }));
        table.apply(tenantEntry(`new${cursor}`, (cursor += 1)));
        if (i % 300 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    let atEnd: unknown;
    // Asked for in the last step, in which nothing else comes.
    await writeDiskCopy(place, table, () => ((atEnd = { digest: table.digest, entries: sorted(table) }), 1));
    going = false;
    await changes;
    const read = await readDiskCopy(place);
    if (!read.ok) throw new Error('not read');
    expect({ digest: read.copy.table.digest, entries: sorted(read.copy.table) }).toEqual(atEnd);
    expect([...auditSlices(read.copy.table)].flat()).toEqual([]);
    expect(cursor).toBeGreaterThan(10_500);
  });

  it('cut off anywhere, or with any one byte changed, it is refused', async () => {
    await write(tableOf(3));
    const whole = await readFile(place.file);
    for (let at = 0; at < whole.length; at += 1) {
      expect(typeof parseDiskCopy(whole.subarray(0, at), 'eu', key)).toBe('string');
      const other = Buffer.from(whole);
      other[at]! ^= 1;
      expect(typeof parseDiskCopy(other, 'eu', key)).toBe('string');
    }
  });

  it.each([
    ['another key', async () => write(tableOf(3), 1, { key: 'another' }), 'it was not signed with this router’s key, or was changed since'],
    ['no key', async () => write(tableOf(3), 1, { key: undefined }), 'it was not signed with this router’s key, or was changed since'],
    ['another region', async () => write(tableOf(3), 1, { region: 'us' }), 'it belongs to region "us"'],
    ['format 1', async () => writeFile(place.file, '{"format":1,"region":"eu"}\n'), expect.stringContaining('format 1 (JSON')],
    ['a later format', async () => writeFile(place.file, 'LAPIDIR9 and what comes'), 'it is of format 9, and this version reads 2'],
    ['rubbish', async () => writeFile(place.file, Buffer.alloc(400)), 'it is no copy of a directory'],
  ])('one of %s is refused and kept aside; the one before it is used', async (_, spoil, reason) => {
    await write(tableOf(5));
    await write(tableOf(6));
    await spoil();
    // What `write` has spoilt pushed the copy of six to the place of the one before.
    const expected = (await files()).includes('directory.copy.previous') ? [5, 6] : [];
    const read = await readDiskCopy(place);
    expect(read.refused).toMatchObject([{ reason }]);
    if (!read.ok) throw new Error('nothing was read');
    expect(expected).toContain(read.copy.table.digest.count - 1);
    expect(await files()).toEqual(['directory.copy.previous', expect.stringMatching(/^directory\.copy\.refused-/)]);
    // The copy that was refused never takes the place of the good one.
    await write(tableOf(7));
    expect(await readDiskCopy(place)).toMatchObject({ ok: true, from: place.file });
    expect((await files()).slice(0, 2)).toEqual(['directory.copy', 'directory.copy.previous']);
  });

  it('with both copies broken says so twice and gives none', async () => {
    await write(tableOf(5));
    await write(tableOf(6));
    await copyFile(join(folder, 'deep', 'directory.copy'), join(folder, 'deep', 'x'));
    for (const name of ['directory.copy', 'directory.copy.previous']) await writeFile(join(folder, 'deep', name), 'LAPIDIR2');
    const read = await readDiskCopy(place);
    expect(read).toMatchObject({ ok: false, refused: [{ reason: 'it is cut off' }, { reason: 'it is cut off' }] });
  });

  it('without a key it is a checksum: good for what breaks by itself', async () => {
    place = { ...place, key: undefined };
    await write(tableOf(3));
    expect(await readDiskCopy(place)).toMatchObject({ ok: true });
    const broken = await readFile(place.file);
    broken[100]! ^= 1;
    expect(parseDiskCopy(broken, 'eu', undefined)).toBe('its checksum does not match');
  });

  it('a write that fails leaves the copies before in place', async () => {
    await write(tableOf(3));
    const fails = (): number => {
      throw new Error('disk full');
    };
    await expect(writeDiskCopy(place, tableOf(4), fails)).rejects.toThrow('disk full');
    expect(await readDiskCopy(place)).toMatchObject({ ok: true, copy: { confirmedAtMs: 123 }, refused: [] });
    expect(await files()).toEqual(['directory.copy']);
  });

  it('an older one never takes newer entries back (roll-back): newer cursors win over it', async () => {
    await write(tableOf(3, 1));
    const read = await readDiskCopy(place);
    if (!read.ok) throw new Error('not read');
    fill(read.copy.table, 3, 100);
    for (const entry of tableOf(3, 1).all()) expect(read.copy.table.apply(entry)).toBe(false);
    expect(read.copy.table.digest).toEqual(tableOf(3, 100).digest);
    expect([...auditSlices(read.copy.table)].flat()).toEqual([]);
  });

  it('is read by the key of before while keys change, and by no third one; a copy without a signature is not', async () => {
    await write(tableOf(3));
    const changed = { ...place, key: 'the new key', previousKey: key };
    expect(await readDiskCopy(changed)).toMatchObject({ ok: true, from: place.file, refused: [] });
    await write(tableOf(4), 123, { key: 'the new key' });
    expect(await readDiskCopy(changed)).toMatchObject({ ok: true, refused: [] });
    expect(await readDiskCopy({ ...place, key: 'the new key' })).toMatchObject({ ok: true, refused: [] });
    await write(tableOf(5), 123, { key: undefined });
    const unsigned = await readDiskCopy(changed);
    expect(unsigned).toMatchObject({
      ok: true,
      from: `${place.file}.previous`,
      refused: [{ keptAs: expect.stringContaining('refused') as string }],
    });
    await write(tableOf(6), 123, { key: 'a third key' });
    expect(parseDiskCopy(await readFile(place.file), 'eu', 'the new key', key)).toContain('it was not signed with this router’s key');
  });
});
