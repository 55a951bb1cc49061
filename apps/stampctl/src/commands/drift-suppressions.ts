import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import { askRegions } from '../client/ask-regions.js';
import { DriftApi } from '../client/drift-api.js';
import type { Command } from '../invocation.js';
import { suppressionsTable } from '../output/drift-text.js';
import { LimitField } from './fields.js';
import { printList } from './list-result.js';

const Options = z.object({ region: RegionNameSchema.optional(), state: z.string().optional(), limit: LimitField });

export const driftSuppressions: Command = async (invocation) => {
  const { limit, region: only, state } = invocation.parse(Options, invocation.options);
  const drift = new DriftApi(invocation.connect());
  const { items, missing } = await askRegions(drift.api, only, (region) => drift.suppressions({ region, state }, limit));
  for (const { region, why } of missing) invocation.output.warn(`${region} is missing from this list: ${why}`);
  const page = { items, next: null, missing };
  await printList(invocation.output, page, { name: (s) => s.id, table: suppressionsTable, empty: 'No suppressions.' });
};
