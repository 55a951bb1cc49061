import type { DirectoryDigest } from '@lapidary/contracts/directory';
import type { TableDigest } from './directory-table.js';

/** What was concluded from the digest before this one. */
export interface DigestMemory {
  /** Our cursor at that time. */
  readonly cursor: number;
  readonly verdict: DigestVerdict;
}

/**
 * equal: same entries. ahead: the digest is older than what we have; nothing can be said. behind: changes are on their
 * way, or one was lost. differ: same cursor, other entries. reload: it stayed so over two digests. rebuild: another database gives
 * the cursors now.
 */
export type DigestVerdict = 'equal' | 'ahead' | 'behind' | 'differ' | 'reload' | 'rebuild';

/**
 * Compares our directory with the control plane's. A difference must show twice at one cursor before all is fetched
 * again: a digest is taken at another moment than ours, and one entry may be on its way. Being behind without having
 * moved since is a lost change, for a live stream delivers within milliseconds.
 */
export const checkDigest = (ours: TableDigest, theirs: DirectoryDigest, before: DigestMemory | null): DigestVerdict => {
  if (ours.generation !== theirs.generation) return 'rebuild';
  if (ours.cursor > theirs.cursor) return 'ahead';
  const stuck = before !== null && before.cursor === ours.cursor;
  if (ours.cursor < theirs.cursor) return stuck && before.verdict === 'behind' ? 'reload' : 'behind';
  if (ours.count === theirs.count && ours.root === theirs.root) return 'equal';
  return stuck && before.verdict === 'differ' ? 'reload' : 'differ';
};
