import { z } from 'zod';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import type { Command } from '../invocation.js';
import { stampsTable } from '../output/fleet-tables.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = z.object({ region: RegionNameSchema.optional(), status: z.string().optional(), limit: LimitField });

export const stampsLs: Command = async (invocation) => {
  const { region, status, limit } = invocation.parse(Options, invocation.options);
  const page = await invocation.connect().stamps({ region, status }, limit);
  await printList(invocation.output, page, {
    name: (s) => s.name,
    table: stampsTable,
    empty: 'No stamps. Make one: stampctl provision <region>-1',
  });
};
