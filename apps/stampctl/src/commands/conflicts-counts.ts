import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import { ReplicationApi } from '../client/replication-api.js';
import type { Command } from '../invocation.js';
import { conflictCountsTable } from '../output/replication-tables.js';
import { printList } from './list-result.js';

const Options = z.object({ region: RegionNameSchema.optional() });

export const conflictsCounts: Command = async (invocation) => {
  const { region } = invocation.parse(Options, invocation.options);
  const items = await new ReplicationApi(invocation.connect()).conflictCounts(region);
  const name = (count: (typeof items)[number]): string => count.collection ?? 'names';
  await printList(invocation.output, { items, next: null }, { name, table: conflictCountsTable, empty: 'No conflicts.' });
};
