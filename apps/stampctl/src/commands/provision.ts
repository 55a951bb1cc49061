import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { StampNameSchema } from '@lapidary/contracts/api/common';
import { finishedJobStatuses, type JobView } from '@lapidary/contracts/api/jobs';
import { ProvisionRequestSchema, type ProvisionRequest, type StampView } from '@lapidary/contracts/api/stamps';
import { z } from 'zod';
import type { Api } from '../client/api.js';
import type { Command, Invocation } from '../invocation.js';
import { stampsTable } from '../output/fleet-tables.js';
import { humanDuration } from '../output/human-time.js';
import type { Output } from '../output/output.js';
import { hasChanges, planText } from '../output/plan-text.js';
import { LabelField, UnitsField } from './fields.js';
import { watchJob } from './watch-job.js';

/** A finished job has seen the stamp serve; its first heartbeats arrive within seconds, or something is wrong. */
const servingMaxMs = 30_000;
const servingPollMs = 300;

const Typed = z.object({ name: StampNameSchema, capacity: UnitsField, labels: LabelField });

export const provision: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const { name, capacity, labels } = invocation.parse(Typed, { name: args[0], capacity: options.capacity, labels: options.label });
  const { workload, ring, profile, isolation, reason, approveReplace } = options;
  const units = capacity === undefined ? {} : { capacity: { units: capacity } };
  const wanted = {
    ...units,
    ring,
    profile,
    isolation,
    labels,
    approveReplace,
    reason,
    workload: workload === undefined ? undefined : { version: workload },
  };
  const request = invocation.parse(ProvisionRequestSchema, withoutUndefined(wanted));
  const api = invocation.connect();
  if (options.dryRun === true) return dryRun(api, name, request, output);

  const job = await startOrAttach(api, name, request, output);
  output.note(`Job ${job.id} provisions ${name}. Ctrl-C only stops watching.`);
  if (options.wait === false) {
    output.hint(`Watch it with: stampctl jobs watch ${job.id}`);
    return output.result({ data: { job, stamp: null }, name: job.id, table: () => job.id });
  }
  const finished = await watchJob(api, job.id, output);
  const stamp = await serving(invocation, api, name);
  const took =
    finished.startedAt && finished.finishedAt
      ? ` in ${humanDuration(Date.parse(finished.finishedAt) - Date.parse(finished.startedAt))}`
      : '';
  output.note(`${output.colours.green('✓')} ${name} serves${took}${finished.summary === null ? '' : `: ${finished.summary}`}`);
  return output.result({ data: { job: finished, stamp }, name: stamp.name, table: (view) => stampsTable([stamp], view) });
};

/** Asks for the job; where one is already open for this stamp, that one is followed instead. */
const startOrAttach = async (api: Api, name: string, request: ProvisionRequest, output: Output): Promise<JobView> => {
  try {
    return await api.provision(name, request);
  } catch (error) {
    if (!isAppError(error) || error.code !== 'job_in_progress') throw error;
    const { jobId } = error.details;
    const job = typeof jobId === 'string' ? await api.job(jobId) : await openJobOf(api, name);
    if (!job) throw error;
    output.warn(`a job for ${name} is already under way; following that one. What was asked for now is not part of it.`);
    return job;
  }
};

const openJobOf = async (api: Api, subject: string): Promise<JobView | undefined> =>
  (await api.jobs({ subject }, 10)).items.find((job) => !finishedJobStatuses.includes(job.status));

/** Provisioned is not yet serving: waits for the agent's heartbeat. */
const serving = async (invocation: Invocation, api: Api, name: string): Promise<StampView> => {
  const deadline = Date.now() + servingMaxMs;
  for (;;) {
    const stamp = await api.stamp(name);
    if (stamp.status === 'active' && stamp.health === 'healthy') return stamp;
    if (Date.now() > deadline) {
      throw new AppError('timeout', `${name} is provisioned, but ${stamp.status} and ${stamp.health} after ${servingMaxMs / 1000} s`, {
        details: { check: `See "stampctl stamps show ${name}" and the log of its agent.` },
      });
    }
    await sleep(servingPollMs, undefined, { signal: invocation.signal }).catch(() => invocation.signal.throwIfAborted());
  }
};

/** The plan as the job would find it now; exit code 7 where there are changes. */
const dryRun = async (api: Api, name: string, request: ProvisionRequest, output: Output): Promise<number> => {
  const plan = await api.planProvision(name, request);
  const open = await openJobOf(api, name);
  output.hint('Dry run: nothing was changed.');
  if (open) output.warn(`job ${open.id} for ${name} is under way; the plan may be old when it ends`);
  await output.result({
    data: { dryRun: true, ...plan, openJob: open?.id ?? null },
    name,
    table: (view) => planText(plan, view),
  });
  return hasChanges(plan) ? exitCodes.changes : exitCodes.ok;
};

const withoutUndefined = (value: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined));
