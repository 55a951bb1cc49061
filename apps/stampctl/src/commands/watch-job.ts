import { AppError } from '@lapidary/kernel/app-error';
import type { JobView } from '@lapidary/contracts/api/jobs';
import type { Api } from '../client/api.js';
import { followJob } from '../client/follow-job.js';
import { jobProgress } from '../output/job-progress.js';
import type { Output } from '../output/output.js';
import { Interrupted } from '../output/terminal.js';

/**
 * Follows a job to its end and shows it. Ctrl-C and --timeout only end the watching, never the job. Comes back with the
 * job if it succeeded, throws what happened otherwise, always with the command that goes on from there.
 */
export const watchJob = async (api: Api, id: string, output: Output, after = 0): Promise<JobView> => {
  const progress = await jobProgress(output);
  let job: JobView | null = null;
  try {
    const updates = followJob(api, id, after);
    for (;;) {
      const { done, value } = await updates.next();
      if (done) {
        job = value;
        break;
      }
      if (value.type === 'progress') {
        job = value.job;
        progress.update(value.job, value.events);
      } else progress.note(value.type === 'away' ? `control plane away, retrying (${value.reason})` : 'control plane is back');
    }
  } catch (error) {
    await progress.end(null);
    throw await whileWatching(error, id, api, output);
  }
  await progress.end(job);
  return outcomeOf(job);
};

const watchAgain = (id: string): string => `stampctl jobs watch ${id}`;

const whileWatching = async (error: unknown, id: string, api: Api, output: Output): Promise<unknown> => {
  const { signal } = api.http;
  const reason: unknown = signal.aborted ? signal.reason : error;
  if (reason instanceof Interrupted) {
    output.note(`\nDetached. The job goes on; watch it again with: ${watchAgain(id)}`);
    return reason;
  }
  if (reason instanceof AppError && (reason.code === 'timeout' || reason.code === 'api_unreachable')) {
    const check = `The job goes on without us. Watch it again with "${watchAgain(id)}".`;
    return new AppError(reason.code, reason.message, { details: { ...reason.details, jobId: id, check }, cause: reason });
  }
  return reason;
};

/** The job, or why it did not succeed: the step, its message, and how to go on. */
const outcomeOf = (job: JobView): JobView => {
  if (job.status === 'succeeded') return job;
  const failed = job.steps.find((s) => s.status === 'failed');
  const check = `See "stampctl jobs show ${job.id}"; go on where it stopped with "stampctl jobs retry ${job.id}".`;
  const details = { jobId: job.id, step: failed?.name ?? null, status: job.status, cause: job.error?.code ?? null, check };
  if (job.status === 'cancelled') throw new AppError('provision_failed', `The job for ${job.subject} was cancelled`, { details });
  const why = job.error?.message ?? failed?.message ?? 'no reason given';
  throw new AppError(
    'provision_failed',
    failed ? `${job.kind} ${job.subject} failed at "${failed.title}": ${why}` : `${job.kind} ${job.subject} failed: ${why}`,
    { details },
  );
};
