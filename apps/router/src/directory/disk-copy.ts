import { open, mkdir, readFile, rename, unlink, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { footBytes, headBytes, parseDiskCopy, startMac, type DiskCopy } from './disk-copy-format.js';
import type { DirectoryTable } from './directory-table.js';
import { tenantsBySegment, WordList, writeRow } from './packed/rows.js';

/**
 * The last good copy of the directory: what a router serves by when it starts alone (I7). Written beside and renamed; the
 * copy before stays as `….previous` and is used where the newer one is refused.
 */

/** Rows written at once: about a millisecond of work, then other requests have their turn. */
const rowsAtOnce = 2_000;
/** Changes during the write that are left for its last step, which nothing interrupts. */
const lastRowsMax = 1_000;

export interface DiskCopyPlace {
  readonly file: string;
  readonly region: string;
  /** Signs the copy; undefined: it gets a checksum only. */
  readonly key: string | undefined;
  /** Signs nothing any more; a copy that it has signed is read. */
  readonly previousKey?: string | undefined;
}

export type DiskRead =
  | { readonly ok: true; readonly copy: DiskCopy; readonly from: string; readonly refused: readonly Refused[] }
  | { readonly ok: false; readonly refused: readonly Refused[] };

export interface Refused {
  readonly reason: string;
  readonly keptAs: string;
}

export const previousOf = (file: string): string => `${file}.previous`;

/**
 * Writes the whole table as of the moment of its last step. Routers may share one file on a network volume: each write has a name
 * of its own, and whoever is last stays.
 */
export const writeDiskCopy = async (
  { file, region, key }: DiskCopyPlace,
  table: DirectoryTable,
  confirmedAtMs: () => number,
): Promise<void> => {
  // In containers the process id is 1 everywhere.
  const temporary = `${file}.${hostname()}.${process.pid}.tmp`;
  await mkdir(dirname(file), { recursive: true });
  const handle = await open(temporary, 'w', 0o600);
  const changed = table.watchChanges();
  try {
    await writeAll(handle, table, { region, key, changed, confirmedAtMs });
    await handle.sync();
  } catch (error) {
    await handle.close();
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    table.unwatchChanges(changed);
  }
  await handle.close();
  await rename(file, previousOf(file)).catch(ignoreMissing);
  await rename(temporary, file);
  await syncDirectory(dirname(file));
};

const writeAll = async (
  handle: FileHandle,
  table: DirectoryTable,
  { region, key, changed, confirmedAtMs }: { region: string; key: string | undefined; changed: Set<string>; confirmedAtMs: () => number },
): Promise<void> => {
  const mac = startMac(key);
  const rows = new WordList();
  const put = async (bytes: Buffer): Promise<void> => {
    mac.update(bytes);
    // Unlike write(), not a part of it, as a disk that is about to be full takes.
    await handle.writeFile(bytes);
  };
  const putRows = async (): Promise<void> => {
    await put(rows.bytes());
    rows.clear();
    await nextTurn();
  };
  await put(headBytes(region, table.generation));
  let waiting = 0;
  for (const refs of tenantsBySegment(table)) {
    for (const ref of refs) writeRow(table, ref, rows);
    if ((waiting += refs.length) >= rowsAtOnce) {
      await putRows();
      waiting = 0;
    }
  }
  // Behind the rows come those that changed meanwhile; the reader keeps the newer of two.
  while (changed.size > lastRowsMax) {
    for (const id of [...changed].slice(0, rowsAtOnce)) {
      changed.delete(id);
      table.writeRowOf(id, rows);
    }
    await putRows();
  }
  for (const id of changed) table.writeRowOf(id, rows);
  const last = Buffer.concat([rows.bytes(), footBytes(table, confirmedAtMs())]);
  await put(last);
  await handle.writeFile(mac.digest());
};

const ignoreMissing = (error: unknown): void => {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
};

/** The renames themselves must outlive a power cut. */
const syncDirectory = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
};

/** Reads the copy, or the one before it. One that can't be trusted is renamed, for people to look at, and not used. */
export const readDiskCopy = async ({ file, region, key, previousKey }: DiskCopyPlace): Promise<DiskRead> => {
  const refused: Refused[] = [];
  for (const candidate of [file, previousOf(file)]) {
    let bytes: Buffer;
    try {
      bytes = await readFile(candidate);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') refused.push({ reason: (error as Error).message, keptAs: candidate });
      continue;
    }
    const copy = parseDiskCopy(bytes, region, key, previousKey);
    if (typeof copy !== 'string') return { ok: true, copy, from: candidate, refused };
    const keptAs = `${candidate}.refused-${new Date().toISOString().replaceAll(':', '-')}`;
    await rename(candidate, keptAs).catch(() => undefined);
    refused.push({ reason: copy, keptAs });
  }
  return { ok: false, refused };
};
