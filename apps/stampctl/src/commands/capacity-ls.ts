import type { CapacityOutlook } from '@lapidary/contracts/api/capacity';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { toAppError } from '@lapidary/kernel/app-error';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { z } from 'zod';
import type { Command } from '../invocation.js';
import { capacityTable } from '../output/capacity-text.js';

const Options = z.object({ region: RegionNameSchema.optional() });

/** Each region answers for itself; one that can't be reached is named and costs the others nothing (P-ST9). */
export const capacityLs: Command = async (invocation) => {
  const { output } = invocation;
  const { region } = invocation.parse(Options, { region: invocation.options.region });
  const api = invocation.connect();
  const names = region === undefined ? (await api.regions()).map((r) => r.name) : [region];
  const asked = await Promise.allSettled(names.map((name) => api.capacity(name)));
  const items: CapacityOutlook[] = asked.flatMap((a) => (a.status === 'fulfilled' ? [a.value] : []));
  const missing = asked.flatMap((a, i) => (a.status === 'rejected' ? [{ region: names[i]!, error: toAppError(a.reason) }] : []));
  if (items.length === 0 && missing[0]) throw missing[0].error;
  for (const { region: name, error } of missing) output.warn(`${name} is missing: ${error.message}`);
  const data = { items, missing: missing.map(({ region: name, error }) => ({ region: name, code: error.code })) };
  await output.result({ data, name: items.map((i) => i.region), table: (view) => capacityTable(items, view) });
  return missing.length === 0 ? exitCodes.ok : exitCodes.error;
};
