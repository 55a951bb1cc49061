import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { deadLettersTable } from '../output/dead-letter-text.js';
import { LimitField } from './fields.js';
import { printOfRegions } from './list-of-regions.js';

const Options = z.object({ region: RegionNameSchema.optional(), all: z.boolean().default(false), limit: LimitField });

export const deadLettersLs: Command = async (invocation) => {
  const { limit, all, region } = invocation.parse(Options, invocation.options);
  const api = invocation.connect();
  return await printOfRegions(invocation, {
    api,
    region,
    limit,
    page: (of) => api.deadLetters({ all: String(all), region: of }, limit),
    at: (letter) => letter.deadAt,
    name: (letter) => letter.id,
    table: deadLettersTable,
    empty: 'No dead letters.',
  });
};
