import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { DriftSubjectSchema } from '@lapidary/contracts/api/drift';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { z } from 'zod';
import { DriftApi } from '../client/drift-api.js';
import type { Command } from '../invocation.js';
import { byWeight, findingsText } from '../output/drift-text.js';
import { LimitField } from './fields.js';

const Options = z.object({
  region: RegionNameSchema.optional(),
  kind: z.string().optional(),
  subject: DriftSubjectSchema.optional(),
  severity: z.string().optional(),
  state: z.string().optional(),
  limit: LimitField,
});

export const driftLs: Command = async (invocation) => {
  const { output } = invocation;
  const { limit, region: only, ...query } = invocation.parse(Options, invocation.options);
  const drift = new DriftApi(invocation.connect());
  const { items, missing } = await drift.ofRegions(only, (region) => drift.findings({ ...query, region }, limit));
  const shown = items.sort(byWeight).slice(0, limit);
  for (const { region, why } of missing) output.warn(`${region} is missing from this list: ${why}`);
  if (shown.length === 0) output.hint('Nothing of that kind. When it was last looked at: stampctl drift runs');
  await output.result({
    data: { items: shown, next: null, missing },
    name: shown.map((f) => f.id),
    table: (view) => (shown.length === 0 ? '' : findingsText(shown, view)),
  });
  return shown.some((f) => f.state === 'open') ? exitCodes.changes : exitCodes.ok;
};
