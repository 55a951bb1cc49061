import { z } from 'zod';
import { workloadHealthPath } from '@lapidary/contracts/workload';
import { Repeated } from './repeated.js';

/** As often as heartbeats are sent by default: a heartbeat carries news at most this old. */
const intervalMs = 1_000;
/** A workload that needs longer to say that it is well is not. */
const answerMs = 1_000;

const AnswerSchema = z.object({ version: z.string().max(100).nullable().catch(null) });

export interface WorkloadState {
  readonly healthy: boolean;
  readonly version: string | null;
}

/** Asks the workload's health path at intervals; for heartbeats and our own health, never a condition for forwarding. */
export class WorkloadHealth {
  private last: WorkloadState = { healthy: false, version: null };
  private readonly asking = new Repeated(async (signal) => {
    this.last = await this.ask(signal);
    return intervalMs;
  });

  constructor(private readonly workloadUrl: string) {}

  get state(): WorkloadState {
    return this.last;
  }

  start(): void {
    this.asking.start();
  }

  stop(): Promise<void> {
    return this.asking.stop();
  }

  private async ask(stopping: AbortSignal): Promise<WorkloadState> {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(answerMs)]);
    try {
      const answer = await fetch(new URL(workloadHealthPath, this.workloadUrl), { signal, redirect: 'manual' });
      if (answer.status !== 200) {
        await answer.body?.cancel();
        return { healthy: false, version: this.last.version };
      }
      return { healthy: true, version: versionIn(await answer.text()) };
    } catch {
      return { healthy: false, version: this.last.version };
    }
  }
}

/** The body is the workload's own affair; where it is JSON with a "version", that is reported. */
const versionIn = (text: string): string | null => {
  try {
    return AnswerSchema.safeParse(JSON.parse(text)).data?.version ?? null;
  } catch {
    return null;
  }
};
