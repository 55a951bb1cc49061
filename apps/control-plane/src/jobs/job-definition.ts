import type { Tx } from '@lapidary/db/transaction';
import type { CommandContext } from '../http/command-context.js';
import type { EventLevel, JobKind, JobRow, Json } from './job-row.js';

/** What a step is given. Everything it needs to know is in `job.input` and in the outputs of the steps before it. */
export interface StepContext {
  readonly job: JobRow;
  /** Outputs of the steps that are done, by step name. */
  readonly outputs: Readonly<Record<string, Json>>;
  /** 1 for the first try; more after the worker died or a retry. */
  readonly attempt: number;
  /** Aborted on cancel, shut-down, time-out and loss of the lease. A step must end soon after. */
  readonly signal: AbortSignal;
  /**
   * Aborts when the step is left behind: its grace is over, or somebody cut it off. What still runs for it must be ended by
   * force. Not at shut-down, where what runs may save its work and end by itself.
   */
  readonly cutOff: AbortSignal;
  /** One line of progress. Never blocks and never fails the step; lines are written in batches. */
  readonly report: (level: EventLevel, message: string, data?: Json) => void;
  /** How many of the step's things are done, and how many there will be, where that is known. Written with the lines. */
  readonly progress: (done: number, expected: number | null) => void;
}

export interface StepResult {
  /** What was done, in one sentence. */
  readonly message: string;
  /** Kept for the steps after this one, and for a worker that resumes the job. Never secrets. */
  readonly output?: Json;
  /** True where there was nothing to do. */
  readonly skipped?: boolean;
  /** Becomes the job's outcome in one sentence; the last one wins. */
  readonly summary?: string;
  /**
   * Effects in our database. Runs in the transaction that marks the step as done, under the lease: committed once or
   * not at all (I8). It may run again after a rollback, so it must not touch anything outside `tx`.
   */
  readonly commit?: (tx: Tx, context: CommandContext) => Promise<void>;
}

/**
 * One step. What it does outside our database must be idempotent: after the death of a worker it runs again from its
 * beginning, and it must then find its own traces rather than leave second ones (I8).
 */
export interface StepDefinition {
  readonly name: string;
  readonly title: string;
  /** A step that takes longer fails with `timeout`. */
  readonly timeoutMs: number;
  /** From its beginning on, what the job does can't be taken back: it is no longer cancelled in good order. */
  readonly noReturn?: boolean;
  readonly run: (context: StepContext) => Promise<StepResult>;
}

export interface JobDefinition {
  readonly kind: JobKind;
  readonly steps: readonly StepDefinition[];
  /** In the transaction that ends the job without success: what its subject becomes. */
  readonly onUnfinished?: (tx: Tx, context: CommandContext, job: JobRow, outcome: 'failed' | 'cancelled') => Promise<void>;
  /** In the transaction that queues it again after that. */
  readonly onRetry?: (tx: Tx, context: CommandContext, job: JobRow) => Promise<void>;
}

/** The definitions of this process, by kind. Whoever has jobs registers them while the process is being put together. */
export class JobDefinitions {
  private readonly byKind = new Map<JobKind, JobDefinition>();

  register(definition: JobDefinition): void {
    if (this.byKind.has(definition.kind)) throw new Error(`two definitions for jobs of kind ${definition.kind}`);
    this.byKind.set(definition.kind, definition);
  }

  get kinds(): readonly JobKind[] {
    return [...this.byKind.keys()];
  }

  find(kind: JobKind): JobDefinition | undefined {
    return this.byKind.get(kind);
  }
}
