import { z } from 'zod';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import type { Command } from '../invocation.js';
import { jobsTable } from '../output/fleet-tables.js';
import { LimitField } from './fields.js';
import { printOfRegions } from './list-of-regions.js';

const Options = z.object({
  region: RegionNameSchema.optional(),
  status: z.string().optional(),
  subject: z.string().max(63).optional(),
  limit: LimitField,
});

export const jobsLs: Command = async (invocation) => {
  const { limit, region, ...query } = invocation.parse(Options, invocation.options);
  const api = invocation.connect();
  return await printOfRegions(invocation, {
    api,
    region,
    limit,
    page: (of) => api.jobs({ ...query, region: of }, limit),
    at: (job) => job.createdAt,
    name: (job) => job.id,
    table: jobsTable,
    empty: 'No jobs.',
  });
};
