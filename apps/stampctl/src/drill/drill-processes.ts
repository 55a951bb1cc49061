import { readFileSync } from 'node:fs';
import type { RunFile } from '@lapidary/contracts/run-file';
import { AppError } from '@lapidary/kernel/app-error';
import { waitFor } from '@lapidary/kernel/wait-for';

/** Everything that decides; routers and stamps are what has to go on without it. */
const deciders = /^(control-plane|postgres|nats)-/;
/** SIGKILL needs no more, on a loaded machine either. */
const goneMsMax = 10_000;

export interface Killed {
  readonly name: string;
  readonly pid: number;
}

/** Not a zombie either: a killed child of a stopped parent stays as one. */
const runs = (pid: number): boolean => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

/**
 * The processes of one run on this machine, by the numbers in its run file and no others. The supervisor is stopped first, else
 * it would start again within a second what is killed; going on, it brings everything back by itself.
 */
export class DrillProcesses {
  constructor(private readonly run: RunFile) {
    if (!runs(run.supervisorPid)) throw new AppError('not_ready', 'The fleet of this run file does not run any more');
  }

  async takeDown(): Promise<Killed[]> {
    const chosen = this.run.processes.filter(({ name, pid }) => deciders.test(name) && runs(pid));
    process.kill(this.run.supervisorPid, 'SIGSTOP');
    for (const { pid } of chosen) process.kill(pid, 'SIGKILL');
    for (const { name, pid } of chosen) await waitFor(`${name} to be gone`, () => !runs(pid) || undefined, { timeoutMs: goneMsMax });
    return chosen;
  }

  /** Safe to call when nothing is stopped. */
  letGoOn(): void {
    process.kill(this.run.supervisorPid, 'SIGCONT');
  }
}
