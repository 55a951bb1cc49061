import type { DataSource } from 'typeorm';
import type { JobDefinition, StepContext, StepDefinition } from '../src/jobs/job-definition.js';

export const stepNames = ['one', 'two', 'three', 'four'] as const;

export interface RecordingOptions {
  /** Called at the beginning of a step, with the step before it, whose end is committed by then. */
  readonly beginning?: (step: string, previous: string | undefined) => Promise<void>;
  /** Called within a step, after its effect outside and before its end. */
  readonly inside?: (step: string, context: StepContext) => Promise<void>;
  /** For the effects outside our transaction; a worker's own connection may be gone by then. */
  readonly outside: DataSource;
}

/**
 * Steps that record what they do: an idempotent effect outside (a row per job and step, with the number of tries), and an
 * effect committed with the step (a row each time, so that a doubled one shows).
 */
export const recordingDefinition = (options: RecordingOptions): JobDefinition => ({
  kind: 'provision',
  steps: stepNames.map((name): StepDefinition => ({
    name,
    title: `Do ${name}`,
    timeoutMs: 20_000,
    run: async (context) => {
      await options.beginning?.(name, stepNames[stepNames.indexOf(name) - 1]);
      await options.outside.query(
        `INSERT INTO outside AS o (job, step, tries) VALUES ($1, $2, 1) ON CONFLICT (job, step) DO UPDATE SET tries = o.tries + 1`,
        [context.job.id, name],
      );
      context.report('info', `working on ${name}`);
      await options.inside?.(name, context);
      return {
        message: `${name} is done`,
        output: { name, seen: Object.keys(context.outputs) },
        summary: `${stepNames.indexOf(name) + 1} done`,
        commit: async (tx) => {
          await tx.query('INSERT INTO effect (job, step) VALUES ($1, $2)', [context.job.id, name]);
        },
      };
    },
  })),
});
