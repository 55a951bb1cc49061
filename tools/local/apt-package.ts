import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from './find-on-path.js';

const run = promisify(execFile);

/** A package index is some 10 MB; a mirror that needs longer is taken as absent. */
const aptTimeoutMs = 180_000;

/** apt with its state in a folder of ours: needs no root, and leaves the system's lists alone. */
const privateApt = (state: string): string[] => [
  '-o', `Dir::State::Lists=${state}/lists`,
  '-o', `Dir::Cache=${state}/cache`,
  '-o', `Dir::State::status=/var/lib/dpkg/status`,
]; // oxfmt-ignore

/** No user switch, no lock: what follows reads the lists and writes into our folder only. */
const withoutRoot = ['-o', 'APT::Sandbox::User=', '-o', 'Debug::NoLocking=1'];

type Apt = (args: readonly string[]) => Promise<{ stdout: string }>;

/** Names of the package and of those dependencies that this machine lacks. */
const missingPackages = async (apt: Apt, name: string): Promise<string[]> => {
  const { stdout } = await apt(['install', '--simulate', '--no-install-recommends', name]);
  const missing = [...stdout.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]!);
  // Nothing to install: the package is there already, but its program is not on PATH.
  return missing.length > 0 ? missing : [name];
};

/**
 * Fetches a Debian package by apt (which checks its signature) and unpacks it into `into` without installing it: no root, no
 * service that starts, nothing changed outside. `withDependencies` also unpacks the shared libraries that the machine lacks.
 * Throws where there is no apt, no mirror or no such package.
 */
export const unpackAptPackage = async (name: string, into: string, options: { readonly withDependencies: boolean }): Promise<void> => {
  if (findOnPath('apt-get') === null || findOnPath('dpkg-deb') === null) throw new Error('there is no apt here');
  await mkdir(into, { recursive: true });
  const work = await mkdtemp(path.join(into, 'apt-'));
  const aptWith =
    (more: readonly string[]): Apt =>
    (args) =>
      run('apt-get', [...more, ...withoutRoot, ...args], { cwd: work, timeout: aptTimeoutMs, env: { ...process.env, LC_ALL: 'C' } });
  const download = async (apt: Apt): Promise<unknown> =>
    apt(['download', ...(options.withDependencies ? await missingPackages(apt, name) : [name])]);
  try {
    // The system's lists usually do. Where they are missing or too old, ours are fetched: that needs no root either.
    await download(aptWith([])).catch(async () => {
      const apt = aptWith(privateApt(path.join(work, 'state')));
      await mkdir(path.join(work, 'state/lists/partial'), { recursive: true });
      await mkdir(path.join(work, 'state/cache/archives/partial'), { recursive: true });
      await apt(['update']);
      await download(apt);
    });
    const debs = (await readdir(work)).filter((file) => file.endsWith('.deb'));
    if (debs.length === 0) throw new Error('apt-get download left no package');
    for (const deb of debs) await run('dpkg-deb', ['-x', deb, into], { cwd: work });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};
