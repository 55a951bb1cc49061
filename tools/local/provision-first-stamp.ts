import { setTimeout as sleep } from 'node:timers/promises';
import { finishedJobStatuses, JobEventsSchema, type JobView, JobSchema } from '@lapidary/contracts/api/jobs';
import { ProblemSchema } from '@lapidary/contracts/api/common';
import * as paths from '@lapidary/contracts/api/paths';
import { StampSchema, type StampView } from '@lapidary/contracts/api/stamps';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';

export interface Geode {
  readonly api: string;
  readonly token: string;
}

/** Provisioning a local stamp takes seconds; on a busy machine with a cold disk a minute. */
const jobMsMax = 180_000;
/** The agent's first heartbeat comes within one interval after the job. */
const servingMsMax = 30_000;
const longPollSeconds = 20;
const callTimeoutMs = (longPollSeconds + 10) * 1000;
/** After a call that failed: the control plane may just be restarting. */
const retryMs = 500;

const call = async (geode: Geode, method: 'GET' | 'POST', path: string, body?: unknown): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${geode.api}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${geode.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': newId() }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(callTimeoutMs),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
};

const describe = (body: unknown): string => {
  const problem = ProblemSchema.safeParse(body);
  return problem.success ? `${problem.data.code}: ${problem.data.detail} ${problem.data.check}` : JSON.stringify(body);
};

const stampNow = async (geode: Geode, stamp: string): Promise<StampView | null> => {
  const answer = await call(geode, 'GET', paths.stampPath(stamp));
  if (answer.status === 404) return null;
  if (answer.status !== 200) throw new Error(`${paths.stampPath(stamp)} answered ${answer.status}: ${describe(answer.body)}`);
  return StampSchema.parse(answer.body);
};

/** The new job, or the one that is under way already (a run before may have been cut short). */
const startJob = async (geode: Geode, stamp: string): Promise<JobView> => {
  const answer = await call(geode, 'POST', paths.provisionPath(stamp), {});
  if (answer.status === 409) {
    const id = ProblemSchema.parse(answer.body).details?.['jobId'];
    if (typeof id === 'string') return JobSchema.parse((await call(geode, 'GET', paths.jobPath(id))).body);
  }
  if (answer.status !== 202) throw new Error(`provisioning ${stamp} was refused (${answer.status}): ${describe(answer.body)}`);
  return JobSchema.parse(answer.body);
};

const finishedJob = async (geode: Geode, id: string, onStep: (title: string) => void): Promise<JobView> => {
  const deadline = Date.now() + jobMsMax;
  let after = 0;
  let told = '';
  while (Date.now() < deadline) {
    const answer = await call(geode, 'GET', `${paths.jobEventsPath(id)}?after=${after}&wait=${longPollSeconds}`).catch(() => null);
    if (answer?.status !== 200) {
      await sleep(retryMs);
      continue;
    }
    const { items, job } = JobEventsSchema.parse(answer.body);
    after = items.at(-1)?.sequence ?? after;
    const running = job.steps.find((step) => step.status === 'running')?.title ?? '';
    if (running !== '' && running !== told) onStep((told = running));
    if (finishedJobStatuses.includes(job.status)) return job;
  }
  throw new Error(`job ${id} is not done after ${jobMsMax / 1000} s: see "npx stampctl jobs show ${id}"`);
};

/** Provisions the stamp unless it is active, and waits until it serves. Answers whether it had to. */
export const provisionFirstStamp = async (geode: Geode, stamp: string, onStep: (title: string) => void): Promise<boolean> => {
  const present = await stampNow(geode, stamp);
  const due = present?.status !== 'active';
  if (due) {
    const job = await finishedJob(geode, (await startJob(geode, stamp)).id, onStep);
    if (job.status !== 'succeeded')
      throw new Error(
        `provisioning ${stamp} ${job.status}: ${job.error?.message ?? job.summary ?? ''} See "npx stampctl jobs show ${job.id}".`,
      );
  }
  await waitFor(
    `${stamp} to serve`,
    async () => ((await stampNow(geode, stamp).catch(() => null))?.health === 'healthy' ? true : undefined),
    {
      timeoutMs: servingMsMax,
      intervalMs: 200,
    },
  );
  return due;
};
