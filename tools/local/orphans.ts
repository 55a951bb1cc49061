import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { identify, stillRuns, type ProcessIdentity } from '@lapidary/kernel/process-identity';

/** What is written down about each child, so that a later supervisor can end what a killed one left. */
export interface PidRecord extends ProcessIdentity {
  readonly name: string;
  readonly stopSignal: NodeJS.Signals;
}

const suffix = '.pid.json';
/** As long as we give them in an ordinary shutdown. */
const gracefulMs = 3000;
const killedMs = 3000;

/** Written synchronously, directly after the spawn: the gap in which a child is unknown stays as small as it can be. */
export const recordPid = (dir: string, name: string, pid: number, stopSignal: NodeJS.Signals): void => {
  mkdirSync(dir, { recursive: true });
  const record: PidRecord = { ...identify(pid), name, stopSignal };
  const file = path.join(dir, name + suffix);
  writeFileSync(`${file}.partial`, JSON.stringify(record));
  renameSync(`${file}.partial`, file);
};

export const forgetPid = (dir: string, name: string): void => rmSync(path.join(dir, name + suffix), { force: true });

export const readPidRecords = (dir: string): PidRecord[] => {
  let files: string[];
  try {
    files = readdirSync(dir).filter((file) => file.endsWith(suffix));
  } catch {
    return [];
  }
  return files.flatMap((file) => {
    try {
      return [JSON.parse(readFileSync(path.join(dir, file), 'utf8')) as PidRecord];
    } catch {
      return [];
    }
  });
};

const signalOne = (target: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(target, signal);
  } catch {
    // Ended meanwhile.
  }
};

/** To the whole process group: each child leads one (launch.ts). */
export const signalGroup = (leader: number, signal: NodeJS.Signals): void => signalOne(-leader, signal);

/**
 * Ends what an earlier supervisor left behind, and says what that was. A process that took over a dead one's number is
 * recognised by its start time and left alone.
 */
export const endOrphans = async (dir: string): Promise<string[]> => {
  const orphans = readPidRecords(dir).filter(stillRuns);
  const anyLeft = () => orphans.some(stillRuns);
  for (const orphan of orphans) signalOne(orphan.pid, orphan.stopSignal);
  await waitFor('left-over processes to end', () => !anyLeft() || undefined, { timeoutMs: gracefulMs }).catch(() => undefined);
  for (const orphan of orphans.filter(stillRuns)) signalGroup(orphan.pid, 'SIGKILL');
  await waitFor('left-over processes to end', () => !anyLeft() || undefined, { timeoutMs: killedMs });
  rmSync(dir, { recursive: true, force: true });
  return orphans.map(({ name, pid }) => `${name} (process ${pid})`);
};
