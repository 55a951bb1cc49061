import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Checksums as the project publishes them for this version. A new version needs new sums: never one without the other. */
const release = {
  version: '2.10.26',
  sha256: {
    'linux-x64': { arch: 'linux-amd64', sum: '6cbac67107e69c9e5a352d6f1555027f9da6a6b3fa81cceafefa9598b4451512' },
    'linux-arm64': { arch: 'linux-arm64', sum: 'aba1b169f18d4441b4b5d760805c562dccc57b425a7a213a82753a2269a27235' },
    'linux-arm': { arch: 'linux-arm7', sum: '85bfefdd849528df836da8820b46a088c20bbb7cf2ef90dfaa5211a789ac92be' },
  } as Readonly<Record<string, { arch: string; sum: string }>>,
} as const;

/** 6 MB; a line that needs longer is no use for the rest either. */
const downloadTimeoutMs = 120_000;

export const sumMatches = (content: Uint8Array, sum: string): boolean => createHash('sha256').update(content).digest('hex') === sum;

/**
 * Fetches the official release into `target`, for Linux systems without apt. Throws where there is none for this platform,
 * or where the content isn't the pinned one. The project's own machines can't reach the release server: this path is
 * covered by tests only up to the checksum.
 */
export const fetchNatsRelease = async (target: string, platform = `${process.platform}-${process.arch}`): Promise<void> => {
  const asset = release.sha256[platform];
  if (asset === undefined) throw new Error(`no pinned nats-server release for ${platform}`);
  const folder = `nats-server-v${release.version}-${asset.arch}`;
  const url = `https://github.com/nats-io/nats-server/releases/download/v${release.version}/${folder}.tar.gz`;
  const response = await fetch(url, { signal: AbortSignal.timeout(downloadTimeoutMs) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const content = new Uint8Array(await response.arrayBuffer());
  if (!sumMatches(content, asset.sum)) throw new Error(`${url} is not what was published: its sha256 differs from the pinned one`);
  await mkdir(path.dirname(target), { recursive: true });
  const temporary = await mkdtemp(path.join(path.dirname(target), 'nats-release-'));
  try {
    await writeFile(path.join(temporary, 'release.tar.gz'), content);
    await run('tar', ['-xzf', 'release.tar.gz'], { cwd: temporary });
    await installBinary(path.join(temporary, folder, 'nats-server'), target);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
};

/** Copies beside the target and renames: another run never executes half a file. */
export const installBinary = async (from: string, target: string): Promise<void> => {
  const partial = `${target}.partial-${process.pid}`;
  await copyFile(from, partial);
  await chmod(partial, 0o755);
  await rename(partial, target);
};
