import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryFolder } from '../../tools/local/memory-folder.js';

/** A test's stacks take some, and two files run at once. */
const freeBytesMin = 256 * 1024 * 1024;

/**
 * A folder for a test of the engine, in memory where the system has such a place: every step of a stack is synced to the disk some
 * times, which no test observes, and which took a third of their time.
 */
export const scratchFolder = async (name: string): Promise<string> =>
  (await memoryFolder(name, freeBytesMin)) ?? (await mkdtemp(join(tmpdir(), `lapidary-${name}-`)));
