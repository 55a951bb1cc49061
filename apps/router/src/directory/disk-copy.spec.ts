import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryTable } from './directory-table.js';
import { parseDiskCopy, readDiskCopy, writeDiskCopy } from './disk-copy.js';

const tableOf = (count: number, firstCursor = 1): DirectoryTable => {
  const table = new DirectoryTable('g');
  for (let i = 0; i < count; i += 1) {
    const body = { kind: 'tenant', tenant: `t${i}`, region: 'eu', status: 'placed', stamp: 'eu-1', epoch: 1, hosts: [] } as const;
    table.apply({ key: `tenant/t${i}`, cursor: firstCursor + i, committedAtMs: 5, body: { ...body, hosts: [] } });
  }
  return table;
};

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapidary-router-'));
  file = join(folder, 'deep', 'directory.json');
});
afterEach(() => rm(folder, { recursive: true }));

describe('the copy of the directory on disk', () => {
  it.each([0, 1, 6_000])('gives %i entries back as they were, and leaves no temporary file', async (count) => {
    const table = tableOf(count);
    await writeDiskCopy(file, table, 'eu', 123);
    const read = await readDiskCopy(file, 'eu');
    expect(read).toMatchObject({ ok: true, copy: { confirmedAtMs: 123 } });
    expect(read.ok && read.copy.table.digest).toEqual(table.digest);
    expect(await readdir(join(folder, 'deep'))).toEqual(['directory.json']);
  });

  it('cut off anywhere it is refused', async () => {
    await writeDiskCopy(file, tableOf(5), 'eu', 1);
    const text = await readFile(file, 'utf8');
    for (let length = 0; length < text.length; length += 1) expect(typeof parseDiskCopy(text.slice(0, length), 'eu')).toBe('string');
  });

  it('with any one byte changed it is refused', async () => {
    await writeDiskCopy(file, tableOf(3), 'eu', 1);
    const text = await readFile(file, 'utf8');
    for (let at = 0; at < text.length; at += 1) {
      const other = text[at] === 'x' ? 'y' : 'x';
      expect(typeof parseDiskCopy(text.slice(0, at) + other + text.slice(at + 1), 'eu')).toBe('string');
    }
  });

  it('one that is refused is kept aside for people, and the next start finds none', async () => {
    await writeDiskCopy(file, tableOf(3), 'eu', 1);
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 100));
    expect(await readDiskCopy(file, 'eu')).toMatchObject({ ok: false, missing: false, reason: 'it is cut off' });
    expect(await readdir(join(folder, 'deep'))).toEqual([expect.stringMatching(/^directory\.json\.refused-/)]);
    expect(await readDiskCopy(file, 'eu')).toEqual({ ok: false, missing: true });
  });

  it('of another region it is refused', async () => {
    await writeDiskCopy(file, tableOf(3), 'us', 1);
    expect(await readDiskCopy(file, 'eu')).toMatchObject({ ok: false, reason: 'it belongs to region "us"' });
  });

  it('an older one never takes newer entries back (roll-back): newer cursors win over it', async () => {
    await writeDiskCopy(file, tableOf(3, 1), 'eu', 1);
    const read = await readDiskCopy(file, 'eu');
    if (!read.ok) throw new Error('not read');
    for (const entry of tableOf(3, 100).all()) read.copy.table.apply(entry);
    for (const entry of tableOf(3, 1).all()) expect(read.copy.table.apply(entry)).toBe(false);
    expect(read.copy.table.digest).toEqual(tableOf(3, 100).digest);
  });

  it('a write that fails leaves the copy before in place', async () => {
    await writeDiskCopy(file, tableOf(3), 'eu', 1);
    const broken = tableOf(4);
    Object.defineProperty(broken, 'all', {
      value: () => [
        {
          toJSON: () => {
            throw new Error('disk full');
          },
        },
      ],
    });
    await expect(writeDiskCopy(file, broken, 'eu', 2)).rejects.toThrow('disk full');
    expect(await readDiskCopy(file, 'eu')).toMatchObject({ ok: true, copy: { confirmedAtMs: 1 } });
    expect(await readdir(join(folder, 'deep'))).toEqual(['directory.json']);
  });
});
