import { open } from 'node:fs/promises';

/** Writes into the file for as long as its disk has room: to the last byte. */
export const fillDisk = async (path: string): Promise<void> => {
  const file = await open(path, 'w');
  try {
    for (;;) await file.write(Buffer.alloc(4_096, 1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
};
