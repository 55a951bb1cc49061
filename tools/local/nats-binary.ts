import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { unpackAptPackage } from './apt-package.js';
import { findOnPath } from './find-on-path.js';
import { singleFlight } from './single-flight.js';
import { fetchNatsRelease, installBinary } from './nats-release.js';

/** Debian's package, unpacked beside the target; only the binary is kept. */
const fromApt = async (target: string): Promise<void> => {
  await mkdir(path.dirname(target), { recursive: true });
  const work = await mkdtemp(path.join(path.dirname(target), 'nats-apt-'));
  try {
    await unpackAptPackage('nats-server', work, { withDependencies: false });
    await installBinary(path.join(work, 'usr/sbin/nats-server'), target);
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
