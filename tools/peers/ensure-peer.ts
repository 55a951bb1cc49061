import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { unpackAptPackage } from '../local/apt-package.js';
import { findOnPath } from '../local/find-on-path.js';
import { singleFlight } from '../local/single-flight.js';

const run = promisify(execFile);

/** Programs of others that we compare ourselves with, or measure by. Wanted by benchmarks and by the tests against real engines only. */
const peers = {
  nginx: { program: 'usr/sbin/nginx', asked: 'LAPIDARY_NGINX', versionArgs: ['-v'] },
  haproxy: { program: 'usr/sbin/haproxy', asked: 'LAPIDARY_HAPROXY', versionArgs: ['-v'] },
  wrk: { program: 'usr/bin/wrk', asked: 'LAPIDARY_WRK', versionArgs: ['-v'] },
  dig: { program: 'usr/bin/dig', asked: 'LAPIDARY_DIG', versionArgs: ['-v'] },
  promtool: { program: 'usr/bin/promtool', asked: 'LAPIDARY_PROMTOOL', versionArgs: ['--version'] },
} as const;

export type PeerName = keyof typeof peers;

/** Debian's name of the package where it isn't the program's. */
const debianPackages: Partial<Record<PeerName, string>> = { dig: 'bind9-dnsutils', promtool: 'prometheus' };
/** Linked whole: what its package depends on is for the service beside it. */
const alone: ReadonlySet<PeerName> = new Set(['promtool']);

export interface Peer<N extends PeerName = PeerName> {
  readonly name: N;
  /** The program's full path. */
  readonly file: string;
  /** To be added to the environment it runs with: where the libraries that were fetched along are. */
  readonly env: Readonly<Record<string, string>>;
  /** "1.22.1": the first thing in what the program says of itself that looks like a version. */
  readonly version: string;
}

/** Where Debian's packages keep shared libraries, for any architecture. */
const libraryFolders = async (unpacked: string): Promise<string[]> => {
  const found: string[] = [];
  for (const base of ['usr/lib', 'lib']) {
    const entries = await readdir(path.join(unpacked, base), { withFileTypes: true }).catch(() => []);
    found.push(...entries.filter((e) => e.isDirectory() && e.name.includes('-linux-')).map((e) => path.join(unpacked, base, e.name)));
  }
  return found;
};

/** Unpacked beside its place and renamed: another run never executes half a package. */
const fetchPeer = async (name: PeerName, unpacked: string): Promise<void> => {
  await mkdir(path.dirname(unpacked), { recursive: true });
  const partial = await mkdtemp(`${unpacked}.partial-`);
  try {
    await unpackAptPackage(debianPackages[name] ?? name, partial, { withDependencies: !alone.has(name) });
    await rename(partial, unpacked).catch((error: NodeJS.ErrnoException) => {
      // Another run was faster.
      if (!existsSync(unpacked)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
};

const versionOf = async (name: PeerName, file: string, env: Readonly<Record<string, string>>): Promise<string> => {
  // wrk tells its version and ends with 1; nginx tells it on stderr.
  const said = await run(file, [...peers[name].versionArgs], { env: { ...process.env, ...env } }).then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: { stdout?: string; stderr?: string }) => `${error.stdout ?? ''}${error.stderr ?? ''}`,
  );
  const version = /\d+\.\d+(\.\d+)?/.exec(said)?.[0];
  if (version === undefined) throw new Error(`${file} does not run: ${said.split('\n')[0] ?? ''}`);
  return version;
};

/**
 * The peer to run: the one its variable names (LAPIDARY_NGINX …), the one on PATH, else Debian's package, unpacked below
 * `<root>/.lapidary/peers` and never installed. Throws, saying what to do, where none of these is to be had.
 */
export const ensurePeer = async <N extends PeerName>(name: N, root: string, env: NodeJS.ProcessEnv = process.env): Promise<Peer<N>> => {
  const { program, asked } = peers[name];
  const named = env[asked];
  if (named && !existsSync(named)) throw new Error(`${asked}: there is no ${named}`);
  const present = named ?? findOnPath(name, env['PATH']);
  if (present) return { name, file: present, env: {}, version: await versionOf(name, present, {}) };
  const unpacked = path.join(root, '.lapidary/peers', name);
  const file = path.join(unpacked, program);
  if (!existsSync(file)) {
    await singleFlight(unpacked, () => fetchPeer(name, unpacked)).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
      throw new Error(`no ${name}: none on PATH, and Debian's package could not be fetched (${reason}). Install it or set ${asked}.`);
    });
  }
  const libraries = { LD_LIBRARY_PATH: (await libraryFolders(unpacked)).join(path.delimiter) };
  return { name, file, env: libraries, version: await versionOf(name, file, libraries) };
};
