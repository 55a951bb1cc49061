import { JobIdSchema } from '@lapidary/contracts/api/common';
import { finishedJobStatuses } from '@lapidary/contracts/api/jobs';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { followJob } from '../client/follow-job.js';
import { jobsTable } from '../output/fleet-tables.js';
import { ReasonField } from './fields.js';

const Arguments = z.object({ job: JobIdSchema, force: z.boolean().default(false), reason: ReasonField });

export const jobsCancel: Command = async (invocation) => {
  const { options, output } = invocation;
  const { job: id, force, reason } = invocation.parse(Arguments, { job: invocation.args[0], force: options.force, reason: options.reason });
  const api = invocation.connect();
  let job = await api.cancelJob(id, { force, reason });
  if (!finishedJobStatuses.includes(job.status) && options.wait !== false) {
    output.note(force ? 'Cutting it off …' : 'Stopping after the resource it is working on …');
    for await (const update of followJob(api, id, job.lastEventSequence)) if (update.type === 'progress') job = update.job;
  }
  if (job.status === 'succeeded') output.warn('it had finished before it could be stopped');
  await output.result({ data: job, name: job.id, table: (view) => jobsTable([job], view) });
};
