import { z } from 'zod';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import type { Command } from '../invocation.js';
import { jobsTable } from '../output/fleet-tables.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = z.object({
  region: RegionNameSchema.optional(),
  status: z.string().optional(),
  subject: z.string().max(63).optional(),
  limit: LimitField,
});

export const jobsLs: Command = async (invocation) => {
  const { limit, ...query } = invocation.parse(Options, invocation.options);
  const page = await invocation.connect().jobs(query, limit);
  await printList(invocation.output, page, { name: (j) => j.id, table: jobsTable, empty: 'No jobs.' });
};
