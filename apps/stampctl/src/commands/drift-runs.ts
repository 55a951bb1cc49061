import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import { DriftApi } from '../client/drift-api.js';
import type { Command } from '../invocation.js';
import { runsTable } from '../output/drift-text.js';
import { printList } from './list-result.js';

/** A day of runs is a screen of its own; the last ones tell how it stands. */
const shownDefault = 10;

const Options = z.object({ region: RegionNameSchema.optional(), limit: z.coerce.number().int().min(1).default(shownDefault) });

export const driftRuns: Command = async (invocation) => {
  const { limit, region } = invocation.parse(Options, invocation.options);
  const items = await new DriftApi(invocation.connect()).runs({ region }, limit);
  const empty = 'No runs yet. Look now: stampctl drift run';
  await printList(invocation.output, { items, next: null }, { name: (r) => r.id, table: runsTable, empty });
};
