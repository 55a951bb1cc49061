import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import { ReplicationApi } from '../client/replication-api.js';
import type { Command } from '../invocation.js';
import { heldTable } from '../output/replication-tables.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = z.object({ region: RegionNameSchema.optional(), limit: LimitField });

export const geodeHeld: Command = async (invocation) => {
  const { limit, region } = invocation.parse(Options, invocation.options);
  const page = await new ReplicationApi(invocation.connect()).heldChanges(region, limit);
  await printList(invocation.output, page, { name: (h) => h.event, table: heldTable, empty: 'Nothing is held: no clock runs ahead.' });
};
