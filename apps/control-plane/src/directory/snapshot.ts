import type { DirectoryDigest, DirectoryEntry, SnapshotPage } from '@lapidary/contracts/directory';
import { AppError } from '@lapidary/kernel/app-error';
import type { DataSource } from 'typeorm';
import { entriesAfter, readGeneration } from './directory-rows.js';
import { readDigest } from './directory-sum.js';
import { numberDirectory } from './number-directory.js';
import { isRegionFenced } from '../fence/recovery-rows.js';

/** An entry that changes again between two tries is rare; one that does so this often means that something is wrong. */
const triesMax = 5;

/** Of each database that pages are answered from, the digest that its newest first page was given. */
const digests = new WeakMap<DataSource, DirectoryDigest>();

/**
 * A whole load is one page after another, under the digest of its first page. A router wants of the others that they are of the same
 * generation.
 */
const digestOf = async (dataSource: DataSource, isFirst: boolean): Promise<DirectoryDigest> => {
  const held = digests.get(dataSource);
  if (!isFirst && held && held.generation === (await readGeneration(dataSource))) return held;
  const digest = await readDigest(dataSource);
  digests.set(dataSource, digest);
  return digest;
};

/**
 * One page of the directory for a router whose digest differs. Entries may be newer than the digest, never older; an
 * entry that has just changed gets its cursor first, since leaving it out would look like its absence.
 */
export const snapshotPage = async (dataSource: DataSource, after: string | null, limit: number): Promise<SnapshotPage> => {
  if (await isRegionFenced(dataSource)) throw new AppError('region_restored', undefined, { retryAfterSeconds: 5 });
  for (let attempt = 0; attempt < triesMax; attempt++) {
    await numberDirectory(dataSource);
    const digest = await digestOf(dataSource, after === null);
    const found = await entriesAfter(dataSource, after, limit);
    const entries = found.filter((e): e is DirectoryEntry => e !== null);
    if (entries.length === found.length) return { digest, entries, next: found.length < limit ? null : (entries.at(-1)?.key ?? null) };
  }
  throw new AppError('not_ready', 'The directory is changing too fast for a page of it', { retryAfterSeconds: 1 });
};
