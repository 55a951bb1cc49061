import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { conflictsTable } from '../output/replication-tables.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = z.object({ region: RegionNameSchema.optional(), subject: z.string().max(200).optional(), limit: LimitField });

export const conflictsLs: Command = async (invocation) => {
  const { limit, ...query } = invocation.parse(Options, invocation.options);
  const page = await invocation.connect().conflicts(query, limit);
  const empty = 'No conflicts: no two regions wrote the same while they could not hear each other.';
  await printList(invocation.output, page, { name: (c) => c.id, table: conflictsTable, empty });
};
