import type { JobEventView, JobView } from '@lapidary/contracts/api/jobs';
import { clockTime, humanDuration } from './human-time.js';
import { remainingText, usualText } from './job-estimate-text.js';
import { endOfStep, isBeginOfStep, stepPlace, type JobProgress } from './job-view.js';
import type { Output } from './output.js';

/** One line per event: for CI logs and files, where nothing can be redrawn. Times are UTC. */
export class LineJobProgress implements JobProgress {
  private estimated = false;

  constructor(private readonly output: Output) {}

  update(job: JobView, events: readonly JobEventView[]): void {
    const remaining = remainingText(job);
    if (!this.estimated && remaining !== '') this.output.note(this.output.colours.dim(remaining));
    this.estimated ||= remaining !== '';
    for (const event of events) this.output.note(`${this.output.colours.dim(clockTime(event.at))}  ${this.text(job, event)}`);
  }

  note(text: string): void {
    this.output.note(text);
  }

  async end(): Promise<void> {
    await Promise.resolve();
  }

  private text(job: JobView, event: JobEventView): string {
    const { bold, green, red, yellow } = this.output.colours;
    const step = job.steps.find((s) => s.name === event.step);
    if (!step) return this.levelled(event);
    const place = stepPlace(job, step.name);
    const usual = usualText(step.usual);
    if (isBeginOfStep(step, event)) return `${place} ${bold(event.message)}${usual === '' ? '' : ` (${usual})`}`;
    const end = endOfStep(event);
    if (end === null) return event.level === 'error' ? red(`${place} ✗ ${event.message}`) : `      ${this.levelled(event)}`;
    const took = step.startedAt ? `, ${humanDuration(Date.parse(event.at) - Date.parse(step.startedAt))}` : '';
    const mark = { succeeded: green('✓'), failed: red('✗'), skipped: yellow('-') }[end];
    return `${place} ${mark} ${event.message}${end === 'skipped' ? '' : took}`;
  }

  private levelled(event: JobEventView): string {
    const { red, yellow } = this.output.colours;
    if (event.level === 'info') return event.message;
    return event.level === 'error' ? red(`error: ${event.message}`) : yellow(`warning: ${event.message}`);
  }
}
