import { statfsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const memoryFolder = '/dev/shm';
/** Docker gives it 64 MB unless told otherwise; a test's stacks take some, and two files run at once. */
const freeBytesMin = 256 * 1024 * 1024;

const hasRoom = (folder: string): boolean => {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= freeBytesMin;
  } catch {
    return false;
  }
};

/**
 * A folder for a test of the engine, in memory where the system has such a place: every step of a stack is synced to the disk some
 * times, which no test observes, and which took a third of their time.
 */
export const scratchFolder = (name: string): Promise<string> =>
  mkdtemp(join(hasRoom(memoryFolder) ? memoryFolder : tmpdir(), `lapidary-${name}-`));
