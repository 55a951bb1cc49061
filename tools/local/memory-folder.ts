import { mkdirSync, statfsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { obstacleTo, unprivilegedAccount } from './unprivileged.js';

/**
 * Folders of tests in memory, where the system has such a place: a database is some hundred files, and to make one costs a tenth of the
 * processor time that it costs on a disk, and no sync. Docker gives /dev/shm 64 MB unless told otherwise: there, disks it is.
 */
const memory = '/dev/shm';

/** Of the machine, beside what the folder may take: workers, fleets and a browser. */
const machineBytesMin = 4 * 1024 ** 3;

const hasRoom = (bytesMin: number): boolean => {
  try {
    const { bavail, bsize } = statfsSync(memory);
    const account = unprivilegedAccount();
    // PostgreSQL must get there too.
    const isOpen = account === null || obstacleTo(memory, account) === null;
    return isOpen && bavail * bsize >= bytesMin && process.availableMemory() >= machineBytesMin + bytesMin;
  } catch {
    return false;
  }
};

/** A new folder in memory, or null. Who asks removes it. */
export const memoryFolder = async (name: string, bytesMin: number): Promise<string | null> =>
  hasRoom(bytesMin) ? await mkdtemp(path.join(memory, `lapidary-${name}-`)) : null;

/** A folder of this name in memory, or `otherwise`. */
export const sharedMemoryFolder = (name: string, bytesMin: number, otherwise: string): string => {
  const folder = hasRoom(bytesMin) ? path.join(memory, `lapidary-${name}`) : otherwise;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return folder;
};
