import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '@lapidary/kernel/clock';
import { waitFor } from '@lapidary/kernel/wait-for';
import { createLogger } from '@lapidary/telemetry/logger';
import { createRouterMetrics } from '../metrics.js';
import { DirectoryTable } from './directory-table.js';
import { Directory } from './directory.js';
import { DiskCopyWriter } from './disk-copy-writer.js';
import { readDiskCopy, writeDiskCopy, type DiskCopyPlace } from './disk-copy.js';
import { tenantEntry } from './packed/table-model.fixture.js';

const run = promisify(execFile);
/** Of a shell's `ulimit -f`. */
const blockBytes = 1024;
const signatureBytes = 32;

let folder: string;
let place: DiskCopyPlace;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapidary-copy-'));
  place = { file: join(folder, 'directory.copy'), region: 'eu', key: undefined };
});
afterEach(() => rm(folder, { recursive: true }));

const tableOf = (count: number): DirectoryTable => {
  const table = new DirectoryTable('g');
  for (let i = 0; i < count; i += 1) table.apply(tenantEntry(`t${i}`, i + 1));
  return table;
};

/** So many tenants make a copy of which the last block has nothing but a part of the signature. */
const tenantsToTheBrim = async (): Promise<{ readonly count: number; readonly blocks: number }> => {
  for (let count = 1; count < 500; count += 1) {
    await writeDiskCopy(place, tableOf(count), () => 0);
    const { size } = await stat(place.file);
    if (size % blockBytes > 0 && size % blockBytes < signatureBytes) return { count, blocks: Math.floor(size / blockBytes) };
  }
  throw new Error('no copy ends that way');
};

it('a disk that is full within its last bytes leaves the copy before in place', async () => {
  const { count, blocks } = await tenantsToTheBrim();
  await rm(place.file);
  await rm(`${place.file}.previous`);
  await writeDiskCopy(place, tableOf(1), () => 0);
  const at = (file: string): string => JSON.stringify(new URL(`../../dist/directory/${file}`, import.meta.url).href);
  const program = `
    const { DirectoryTable } = await import(${at('directory-table.js')});
    const { writeDiskCopy } = await import(${at('disk-copy.js')});
    const table = new DirectoryTable('g');
    for (const entry of ${JSON.stringify(Array.from({ length: count }, (_, i) => tenantEntry(`t${i}`, i + 1)))}) table.apply(entry);
    await writeDiskCopy(${JSON.stringify(place)}, table, () => 0).catch((error) => console.log(error.code));`;
  const shell = `trap '' XFSZ; ulimit -f ${blocks}; exec "$0" --input-type=module -e "$1"`;
  expect((await run('bash', ['-c', shell, process.execPath, program])).stdout.trim()).toBe('EFBIG');
  expect(await readdir(folder)).toEqual(['directory.copy']);
  expect(await readDiskCopy(place)).toMatchObject({ ok: true, refused: [] });
});

it('a copy that holds all that there is says anew when its source was heard, now and then', async () => {
  const directory = new Directory(systemClock);
  const logger = createLogger('test', 'silent');
  const writer = new DiskCopyWriter(place, directory, createRouterMetrics({ processMetrics: false }), logger, 50);
  const confirmedAtMs = async (): Promise<number> => {
    const read = await readDiskCopy(place);
    return read.ok ? read.copy.confirmedAtMs : 0;
  };
  directory.swap(tableOf(3), 'live', 1_000);
  await waitFor('the copy', async () => (await confirmedAtMs()) === 1_000 || undefined, { timeoutMs: 60_000 });
  const heardAtMs = Date.now();
  directory.freshness.digest('equal', heardAtMs);
  await waitFor('the digest to be in it', async () => (await confirmedAtMs()) === heardAtMs || undefined, { timeoutMs: 60_000 });
  await writer.stop();
});
