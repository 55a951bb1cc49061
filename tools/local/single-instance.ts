import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { identify, stillRuns, type ProcessIdentity } from '@lapidary/kernel/process-identity';

/** Who holds the data folder, or null. */
export const holderOf = (file: string): ProcessIdentity | null => {
  try {
    const identity = JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
    return stillRuns(identity) ? identity : null;
  } catch {
    return null;
  }
};

/** More rounds than processes that can meaningfully race for it. */
const attemptsMax = 10;

/**
 * Makes this process the only supervisor of a data folder; answers the one that is already there, or null on success. The
 * file appears with its content (hard link), and a dead holder's is moved aside before anything takes its place.
 */
export const claimInstance = (file: string): ProcessIdentity | null => {
  mkdirSync(path.dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, JSON.stringify(identify(process.pid)));
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      try {
        linkSync(mine, file);
        return null;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = holderOf(file);
      if (holder) return holder;
      moveAside(file);
    }
    throw new Error(`${file} can't be taken over: remove it`);
  } finally {
    rmSync(mine, { force: true });
  }
};

/** Another process may have replaced the dead holder's file since we looked: then it is put back. */
const moveAside = (file: string): void => {
  const aside = `${file}.dead-${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (holderOf(aside)) {
    try {
      linkSync(aside, file);
    } catch {
      // A third one was faster; it finds itself alone.
    }
  }
  rmSync(aside, { force: true });
};

export const releaseInstance = (file: string): void => rmSync(file, { force: true });
