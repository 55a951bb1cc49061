import type { RunFile } from '@lapidary/contracts/run-file';
import { AppError } from '@lapidary/kernel/app-error';
import { stillRuns } from '@lapidary/kernel/process-identity';
import { waitFor } from '@lapidary/kernel/wait-for';

/** Everything that decides; routers and stamps are what has to go on without it. */
const deciders = /^(control-plane|postgres|nats)-/;
/** SIGKILL needs no more, on a loaded machine either. */
const goneMsMax = 10_000;

export interface Killed {
  readonly name: string;
  readonly pid: number;
}

/** That very process: its number may be another one's by now, which is nobody's to kill. */
const runs = ({ pid, startTicks }: { readonly pid: number; readonly startTicks?: number | null | undefined }): boolean =>
  stillRuns({ pid, startTicks: startTicks ?? null });

/**
 * The processes of one run on this machine, those of its run file and no others that have their numbers by now. The supervisor is stopped first, else
 * it would start again within a second what is killed; going on, it brings everything back by itself.
 */
export class DrillProcesses {
  constructor(private readonly run: RunFile) {
    if (!runs({ pid: run.supervisorPid, startTicks: run.supervisorStartTicks }))
      throw new AppError('not_ready', 'The fleet of this run file does not run any more');
  }

  async takeDown(): Promise<Killed[]> {
    const chosen = this.run.processes.filter((one) => deciders.test(one.name) && runs(one));
    process.kill(this.run.supervisorPid, 'SIGSTOP');
    for (const { pid } of chosen) process.kill(pid, 'SIGKILL');
    for (const one of chosen) await waitFor(`${one.name} to be gone`, () => !runs(one) || undefined, { timeoutMs: goneMsMax });
    return chosen.map(({ name, pid }) => ({ name, pid }));
  }

  /** Safe to call when nothing is stopped. */
  letGoOn(): void {
    process.kill(this.run.supervisorPid, 'SIGCONT');
  }
}
