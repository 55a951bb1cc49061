import { readFileSync } from 'node:fs';

/** Process numbers are given out again; number and start time together name one process for good. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, from /proc; null where there is no /proc. */
  readonly startTicks: number | null;
}

/** Field 22 of /proc/<pid>/stat; the name in field 2 may hold spaces and brackets, so count from its last bracket. */
export const startTicksIn = (stat: string): number | null => {
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return Number.isFinite(ticks) ? ticks : null;
};

const isZombie = (stat: string): boolean => stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');

const statOf = (pid: number): string | null => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
};

export const identify = (pid: number): ProcessIdentity => {
  const stat = statOf(pid);
  return { pid, startTicks: stat === null ? null : startTicksIn(stat) };
};

/** Whether that very process still runs. A zombie has ended; only its parent has not noticed. */
export const stillRuns = (identity: ProcessIdentity): boolean => {
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const stat = statOf(identity.pid);
  if (stat === null) return identity.startTicks === null;
  if (isZombie(stat)) return false;
  return identity.startTicks === null || startTicksIn(stat) === identity.startTicks;
};
