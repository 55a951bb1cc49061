import { z } from 'zod';
import { RegionNameSchema, StampNameSchema } from '@lapidary/contracts/api/common';
import type { Command } from '../invocation.js';
import { tenantsTable } from '../output/fleet-tables.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = z.object({
  region: RegionNameSchema.optional(),
  stamp: StampNameSchema.optional(),
  status: z.string().optional(),
  limit: LimitField,
});

export const tenantsLs: Command = async (invocation) => {
  const { limit, ...query } = invocation.parse(Options, invocation.options);
  const page = await invocation.connect().tenants(query, limit);
  const empty = 'No tenants. Make one: stampctl tenants create acme --region <region>';
  await printList(invocation.output, page, { name: (t) => t.id, table: tenantsTable, empty });
};
