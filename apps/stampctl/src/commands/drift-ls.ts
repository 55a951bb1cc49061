import { byWeight } from '@lapidary/contracts/api/drift-order';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { DriftSubjectSchema, type FindingView } from '@lapidary/contracts/api/drift';
import { exitCodes } from '@lapidary/kernel/error-catalogue';
import { z } from 'zod';
import { askRegions } from '../client/ask-regions.js';
import { DriftApi } from '../client/drift-api.js';
import type { Command } from '../invocation.js';
import { findingsText } from '../output/drift-text.js';
import { LimitField } from './fields.js';

const Options = z.object({
  region: RegionNameSchema.optional(),
  kind: z.string().optional(),
  subject: DriftSubjectSchema.optional(),
  severity: z.string().optional(),
  state: z.string().optional(),
  limit: LimitField,
});

/** Pages hold the newest first: where not all are asked for, the worst must not be among those that are left out. */
const worstOf = async (drift: DriftApi, query: Readonly<Record<string, string | undefined>>, limit: number): Promise<FindingView[]> => {
  const found = new Map<string, FindingView>();
  for (const severity of Number.isFinite(limit) ? ['critical', 'warning', undefined] : [undefined]) {
    if (found.size >= limit) break;
    const least = severity ?? query['severity'];
    for (const finding of await drift.findings({ ...query, severity: least }, limit)) found.set(finding.id, finding);
  }
  return [...found.values()];
};

export const driftLs: Command = async (invocation) => {
  const { output } = invocation;
  const { limit, region: only, ...query } = invocation.parse(Options, invocation.options);
  const drift = new DriftApi(invocation.connect());
  const { items, missing } = await askRegions(drift.api, only, (region) => worstOf(drift, { ...query, region }, limit));
  const shown = items.sort(byWeight).slice(0, limit);
  for (const { region, why } of missing) output.warn(`${region} is missing from this list: ${why}`);
  if (shown.length === 0) output.hint('Nothing of that kind. When it was last looked at: stampctl drift runs');
  await output.result({
    data: { items: shown, next: null, missing },
    name: shown.map((f) => f.id),
    table: (view) => (shown.length === 0 ? '' : findingsText(shown, view)),
  });
  if (shown.some((f) => f.state === 'open')) return exitCodes.changes;
  // That nothing stands is not known of a region that did not answer.
  return missing.length === 0 ? exitCodes.ok : exitCodes.error;
};
