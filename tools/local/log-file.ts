import { copyFileSync, existsSync, mkdirSync, renameSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';

/** Per process, twice (the present and the one before): a fleet that runs for weeks must not fill the disk. */
export const logBytesMax = 20 * 1024 * 1024;

/** Each run begins a new log and keeps the one before. */
export const beginLog = (file: string): void => {
  mkdirSync(path.dirname(file), { recursive: true });
  if (existsSync(file)) renameSync(file, `${file}.1`);
};

/** The process writes to the file itself and can't be told to reopen it: copied and cut while open (it is open for appending). */
export const boundLog = (file: string, bytesMax: number = logBytesMax): void => {
  try {
    if (statSync(file).size <= bytesMax) return;
    copyFileSync(file, `${file}.1`);
    truncateSync(file, 0);
  } catch {
    // Gone meanwhile; the next start makes a new one.
  }
};
