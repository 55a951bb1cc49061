import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** 24 bytes, 192 bits: out of reach of guessing. Hex, so that it needs no quoting in URLs, SQL and config files. */
const secretBytes = 24;

/** The secret in the file, made (mode 0600) at the first call. Two first calls at once agree on one value. */
export const oneSecret = async (file: string): Promise<string> => {
  const present = await readFile(file, 'utf8').catch(() => '');
  if (present.trim() !== '') return present.trim();
  await mkdir(path.dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(mine, `${randomBytes(secretBytes).toString('hex')}\n`, { mode: 0o600 });
  await chmod(mine, 0o600);
  await link(mine, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(mine, { force: true });
  return (await readFile(file, 'utf8')).trim();
};
