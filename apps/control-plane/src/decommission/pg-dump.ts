import { execFile } from 'node:child_process';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { childEnvironment } from '@lapidary/config/load';

const run = promisify(execFile);

/** pg_dump refuses servers that are newer than itself. */
export const usablePgDump = async (serverMajor: number): Promise<boolean> => {
  try {
    const { stdout } = await run('pg_dump', ['--version'], { env: childEnvironment() });
    return Number(/\s(\d+)(?:\.|\s|$)/.exec(stdout)?.[1] ?? 0) >= serverMajor;
  } catch {
    return false;
  }
};

/** Written beside and renamed: a file of that name is always whole. The password goes by the environment, never the command line. */
export const dumpWithPostgresTools = async (url: URL, file: string, signal: AbortSignal): Promise<number> => {
  const partial = `${file}.tmp`;
  const bare = new URL(url);
  bare.password = '';
  // Of a try that was killed; with whatever rights it had.
  await rm(partial, { force: true });
  try {
    // pg_dump writes into what is there, and would make it readable for everybody.
    await writeFile(partial, '', { mode: 0o600 });
    await run('pg_dump', ['--format=custom', '--no-password', `--file=${partial}`, bare.href], {
      env: { ...childEnvironment(), PGPASSWORD: decodeURIComponent(url.password) },
      signal,
    });
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
  return (await stat(file)).size;
};
