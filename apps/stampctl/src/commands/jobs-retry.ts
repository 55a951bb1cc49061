import { JobIdSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { jobsTable } from '../output/fleet-tables.js';
import { watchJob } from './watch-job.js';

const Arguments = z.object({ job: JobIdSchema });

export const jobsRetry: Command = async (invocation) => {
  const { options, output } = invocation;
  const { job: id } = invocation.parse(Arguments, { job: invocation.args[0] });
  const api = invocation.connect();
  const before = await api.job(id);
  const queued = await api.retryJob(id);
  // What the earlier attempts said has been read already.
  const job =
    options.wait === false ? queued : await watchJob(api, queued.id, output, queued.id === before.id ? before.lastEventSequence : 0);
  await output.result({ data: job, name: job.id, table: (view) => jobsTable([job], view) });
};
