import { JobIdSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { jobFacts } from '../output/fleet-facts.js';

/** Enough to see what went wrong without scrolling; -o wide shows more. */
const lastEvents = 10;
const lastEventsWide = 100;

const Arguments = z.object({ job: JobIdSchema });

export const jobsShow: Command = async (invocation) => {
  const { job: id } = invocation.parse(Arguments, { job: invocation.args[0] });
  const { output } = invocation;
  const api = invocation.connect();
  const job = await api.job(id);
  const shown = output.format === 'table' ? lastEvents : lastEventsWide;
  const { items } = await api.jobEvents(id, Math.max(0, job.lastEventSequence - shown), 0);
  await output.result({ data: { ...job, events: items }, name: job.id, table: (view) => jobFacts(job, items, view) });
  if (job.status === 'failed') output.hint(`Go on where it stopped: stampctl jobs retry ${id}`);
};
