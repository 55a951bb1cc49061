import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcessStatusSchema } from '@lapidary/contracts/process-spec';

/** What is in order: one of the processes that the supervisor of this machine runs, or nobody, which their health tells of. */
export const ownProcess = 'a process of this fleet, or nobody';

/** State of a listening socket in /proc/net/tcp (include/net/tcp_states.h). */
const listening = '0A';
/** Columns of /proc/net/tcp: local address, state, inode. */
const [addressColumn, stateColumn, inodeColumn] = [1, 3, 9] as const;
const statusSuffix = '.status.json';

/**
 * Who listens on a port that is kept for a stamp: a process that took it while the stamp's own was down gets the stamp's requests, and
 * the stamp's can't come back. Linux tells by /proc; elsewhere it is taken to be in order.
 */
export const listenerOn = async (processDir: string, port: number): Promise<string> => {
  const inodes = await listeningInodes(port);
  if (inodes.size === 0) return ownProcess;
  for (const pid of await supervised(processDir)) if (await holdsOne(pid, inodes)) return ownProcess;
  return await nameOfHolder(inodes);
};

const listeningInodes = async (port: number): Promise<ReadonlySet<string>> => {
  const found = new Set<string>();
  for (const table of ['tcp', 'tcp6']) {
    const text = await readFile(`/proc/net/${table}`, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/);
      const hexPort = columns[addressColumn]?.split(':')[1];
      if (columns[stateColumn] === listening && hexPort !== undefined && Number.parseInt(hexPort, 16) === port)
        found.add(columns[inodeColumn]!);
    }
  }
  return found;
};

const supervised = async (processDir: string): Promise<readonly number[]> => {
  const files = (await readdir(processDir).catch(() => [])).filter((name) => name.endsWith(statusSuffix));
  const statuses = await Promise.all(files.map(async (name) => parsed(await readFile(join(processDir, name), 'utf8').catch(() => ''))));
  return statuses.flatMap((status) => (typeof status?.pid === 'number' ? [status.pid] : []));
};

const parsed = (text: string) => {
  try {
    return ProcessStatusSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

const holdsOne = async (pid: number, inodes: ReadonlySet<string>): Promise<boolean> => {
  const directory = `/proc/${pid}/fd`;
  for (const fd of await readdir(directory).catch(() => [])) {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(await readlink(join(directory, fd)).catch(() => '')) ?? [];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
};

/** By its command's name and pid. Files of other users' processes can't be looked into. */
const nameOfHolder = async (inodes: ReadonlySet<string>): Promise<string> => {
  for (const name of await readdir('/proc').catch(() => [])) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || !(await holdsOne(pid, inodes))) continue;
    const command = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim();
    return `process ${pid} (${command || 'gone'}), which is not of this fleet`;
  }
  return 'a process of another user';
};
