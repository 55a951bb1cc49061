import type { JobEventView, JobView } from '@lapidary/contracts/api/jobs';

/** Shows a job's progress on stderr, in the form that fits where stderr leads. */
export interface JobProgress {
  update(job: JobView, events: readonly JobEventView[]): void;
  note(text: string): void;
  /** Leaves the screen in order; called once, also after a failure. */
  end(job: JobView | null): Promise<void>;
}

/** "3/6" for the step's place. */
export const stepPlace = (job: JobView, name: string): string => `${job.steps.findIndex((s) => s.name === name) + 1}/${job.steps.length}`;

/** A step's first line is its title, with the number of the try from the second on. */
export const isBeginOfStep = (step: JobView['steps'][number], event: JobEventView): boolean =>
  event.message === step.title || event.message.startsWith(`${step.title} (try `);

const stepEnds = ['succeeded', 'failed', 'skipped'] as const;

/** A step's last line says in its data how the step ended. */
export const endOfStep = (event: JobEventView): (typeof stepEnds)[number] | null =>
  stepEnds.find((end) => event.data?.status === end) ?? null;
