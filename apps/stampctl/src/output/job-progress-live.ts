import { Listr, ListrLogger, ProcessOutput, type DefaultRenderer, type ListrTaskWrapper, type SimpleRenderer } from 'listr2';
import type { JobEventView, JobView } from '@lapidary/contracts/api/jobs';
import { harmless, harmlessCell } from './harmless.js';
import { humanDuration } from './human-time.js';
import { progressText, remainingText } from './job-estimate-text.js';
import type { JobProgress } from './job-view.js';
import type { Output } from './output.js';

type Wrapper = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;
type Step = JobView['steps'][number];

interface Line {
  step: Step;
  wrapper: Wrapper | null;
  readonly finished: Promise<Step>;
  readonly finish: (step: Step) => void;
}

/** A list of the job's steps that is redrawn in place, the last message below the running one. For terminals. */
export class LiveJobProgress implements JobProgress {
  private readonly lines = new Map<string, Line>();
  private drawing: Promise<unknown> | null = null;
  private readonly counts = new Map<string, number>();

  constructor(private readonly output: Output) {}

  update(job: JobView, events: readonly JobEventView[]): void {
    if (!this.drawing) this.begin(job);
    for (const event of events) this.event(event);
    for (const step of job.steps) {
      const line = this.lines.get(step.name);
      if (!line) continue;
      line.step = step;
      if (isOver(step)) line.finish(step);
      else if (line.wrapper && step.status === 'running') line.wrapper.title = this.running(job, step);
    }
  }

  note(text: string): void {
    const running = [...this.lines.values()].find((l) => l.wrapper && !isOver(l.step));
    if (running?.wrapper) running.wrapper.output = text;
    else this.output.note(text);
  }

  async end(job: JobView | null): Promise<void> {
    for (const line of this.lines.values())
      line.finish({
        ...line.step,
        status: isOver(line.step) ? line.step.status : 'skipped',
        message: job ? line.step.message : null,
      });
    await this.drawing;
  }

  private begin(job: JobView): void {
    for (const step of job.steps) {
      const { promise, resolve } = Promise.withResolvers<Step>();
      this.lines.set(step.name, { step, wrapper: null, finished: promise, finish: resolve });
    }
    // Everything but data belongs on stderr, the redrawn list too.
    // What others write to either stream while the list is drawn is held back until it is done.
    const { stderr, stdout } = globalThis.process;
    const list = new Listr(
      [...this.lines.values()].map((line) => ({
        title: line.step.title,
        task: async (_: unknown, wrapper: Wrapper) => this.draw(line, wrapper),
      })),
      {
        exitOnError: false,
        registerSignalListeners: false,
        collectErrors: false,
        rendererOptions: { collapseErrors: false, logger: new ListrLogger({ processOutput: new ProcessOutput(stderr, stdout) }) },
      },
    );
    this.drawing = list.run().catch(() => undefined);
  }

  private async draw(line: Line, wrapper: Wrapper): Promise<void> {
    line.wrapper = wrapper;
    const step = await line.finished;
    const took =
      step.startedAt && step.finishedAt
        ? ` ${this.output.colours.dim(humanDuration(Date.parse(step.finishedAt) - Date.parse(step.startedAt)))}`
        : '';
    if (step.status === 'failed') throw new Error(harmless(`${step.title}: ${step.message ?? 'failed'}`));
    if (step.status === 'skipped') wrapper.skip(harmless(step.message ? `${step.title}: ${step.message}` : step.title));
    else wrapper.title = `${step.title}${took}`;
  }

  /** The step under way with what is done of it, and what the job will still take. */
  private running(job: JobView, step: Step): string {
    const facts = [progressText(step.progress), remainingText(job)].filter((text) => text !== '');
    return facts.length === 0 ? step.title : `${step.title} ${this.output.colours.dim(`(${facts.join(', ')})`)}`;
  }

  private event(event: JobEventView): void {
    if (event.step === null) return;
    const count = (this.counts.get(event.step) ?? 0) + 1;
    this.counts.set(event.step, count);
    const wrapper = this.lines.get(event.step)?.wrapper;
    if (wrapper) wrapper.output = harmlessCell(event.message);
  }
}

const isOver = (step: Step): boolean => ['succeeded', 'failed', 'skipped'].includes(step.status);
