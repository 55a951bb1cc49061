import { JobIdSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { jobsTable } from '../output/fleet-tables.js';
import { watchJob } from './watch-job.js';

const Arguments = z.object({ job: JobIdSchema });

export const jobsWatch: Command = async (invocation) => {
  const { job: id } = invocation.parse(Arguments, { job: invocation.args[0] });
  const job = await watchJob(invocation.connect(), id, invocation.output);
  await invocation.output.result({ data: job, name: job.id, table: (view) => jobsTable([job], view) });
};
