import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { capacityFacts, provisionCommandOf } from '../output/capacity-text.js';

/** Enough to see how it came to this. */
const decisionsShown = 5;

const Arguments = z.object({ region: RegionNameSchema, limit: z.coerce.number().int().min(1).default(decisionsShown) });

export const capacityExplain: Command = async (invocation) => {
  const { output } = invocation;
  const { region, limit } = invocation.parse(Arguments, { region: invocation.args[0], limit: invocation.options.limit });
  const api = invocation.connect();
  const outlook = await api.capacity(region);
  const { items } = await api.capacityDecisions(region, limit);
  await output.result({ data: { ...outlook, decisions: items }, name: region, table: (view) => capacityFacts(outlook, items, view) });
  const command = provisionCommandOf(outlook.verdict);
  if (command !== null && outlook.verdict.action !== 'build') output.hint(`To build it by hand: ${command}`);
};
