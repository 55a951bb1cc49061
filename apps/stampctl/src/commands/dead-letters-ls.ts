import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { deadLettersTable } from '../output/dead-letter-text.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = z.object({ region: RegionNameSchema.optional(), all: z.boolean().default(false), limit: LimitField });

export const deadLettersLs: Command = async (invocation) => {
  const { limit, all, region } = invocation.parse(Options, invocation.options);
  const page = await invocation.connect().deadLetters({ all: String(all), region }, limit);
  await printList(invocation.output, page, { name: (l) => l.id, table: deadLettersTable, empty: 'No dead letters.' });
};
