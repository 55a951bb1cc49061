import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from './find-on-path.js';
import { singleFlight } from './single-flight.js';
import { fetchNatsRelease, installBinary } from './nats-release.js';

const run = promisify(execFile);

/** A package index is some 10 MB; a mirror that needs longer is taken as absent. */
const aptTimeoutMs = 180_000;

/** apt with its state in a folder of ours: needs no root, and leaves the system's lists alone. */
const privateApt = (state: string): string[] => [
  '-o', `Dir::State::Lists=${state}/lists`,
  '-o', `Dir::Cache=${state}/cache`,
  '-o', `Dir::State::status=/var/lib/dpkg/status`,
  '-o', 'APT::Sandbox::User=',
  '-o', 'Debug::NoLocking=1',
]; // prettier-ignore

/** Debian's package, fetched by apt (which checks its signature) and unpacked without installing it. */
const fromApt = async (target: string): Promise<void> => {
  if (findOnPath('apt-get') === null || findOnPath('dpkg-deb') === null) throw new Error('there is no apt here');
  await mkdir(path.dirname(target), { recursive: true });
  const work = await mkdtemp(path.join(path.dirname(target), 'nats-apt-'));
  const apt = (args: readonly string[]) =>
    run('apt-get', [...args], { cwd: work, timeout: aptTimeoutMs, env: { ...process.env, LC_ALL: 'C' } });
  const download = (options: readonly string[]) => apt([...options, '-o', 'APT::Sandbox::User=', 'download', 'nats-server']);
  try {
    // The system's lists usually do. Where they are missing or too old, ours are fetched: that needs no root either.
    await download([]).catch(async () => {
      const options = privateApt(path.join(work, 'apt'));
      await mkdir(path.join(work, 'apt/lists/partial'), { recursive: true });
      await mkdir(path.join(work, 'apt/cache/archives/partial'), { recursive: true });
      await apt([...options, 'update']);
      await download(options);
    });
    const deb = (await readdir(work)).find((file) => file.endsWith('.deb'));
    if (deb === undefined) throw new Error('apt-get download left no package');
    await run('dpkg-deb', ['-x', deb, 'unpacked'], { cwd: work });
    await installBinary(path.join(work, 'unpacked/usr/sbin/nats-server'), target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

/**
 * The nats-server to run: LAPIDARY_NATS_SERVER, the one on PATH, the one fetched earlier, Debian's package, the official
 * release. What is fetched is kept in `binDir`.
 */
export const findNatsServer = async (
  binDir: string,
  note: (text: string) => void = () => undefined,
  asked: string | undefined = process.env['LAPIDARY_NATS_SERVER'],
): Promise<string> => {
  if (asked) {
    if (!existsSync(asked)) throw new Error(`LAPIDARY_NATS_SERVER: there is no ${asked}`);
    return asked;
  }
  const present = findOnPath('nats-server') ?? [path.join(binDir, 'nats-server')].find((file) => existsSync(file));
  if (present) return present;
  const target = path.join(binDir, 'nats-server');
  await singleFlight(target, () => fetchNatsServer(target, note));
  return target;
};

const fetchNatsServer = async (target: string, note: (text: string) => void): Promise<void> => {
  note('fetching nats-server');
  const reasons: string[] = [];
  for (const fetchIt of [fromApt, fetchNatsRelease]) {
    try {
      await fetchIt(target);
      return;
    } catch (error) {
      reasons.push(error instanceof Error ? error.message.split('\n')[0]! : String(error));
    }
  }
  throw new Error(
    `no nats-server: none on PATH, and it could not be fetched (${reasons.join('; ')}). Install it (Debian: nats-server, Homebrew: nats-server) or set LAPIDARY_NATS_SERVER.`,
  );
};
