import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { trendDaysMax } from '@lapidary/contracts/api/drift';
import { z } from 'zod';
import { askRegions } from '../client/ask-regions.js';
import { DriftApi } from '../client/drift-api.js';
import type { Command } from '../invocation.js';
import { trendText } from '../output/drift-text.js';

/** A fortnight fits a screen, with what a week's rhythm does to it. */
const daysDefault = 14;
export const DaysField = z.coerce.number().int('is a whole number of days').min(1).max(trendDaysMax);

const Options = z.object({ region: RegionNameSchema.optional(), days: DaysField.default(daysDefault) });

export const driftTrend: Command = async (invocation) => {
  const { output } = invocation;
  const { region: only, days } = invocation.parse(Options, invocation.options);
  const drift = new DriftApi(invocation.connect());
  const { items, missing } = await askRegions(drift.api, only, async (region) => [await drift.trend(region, days)]);
  for (const { region, why } of missing) output.warn(`${region} is missing from this trend: ${why}`);
  await output.result({
    data: { items, next: null, missing },
    name: items.map((t) => t.region),
    table: (view) => items.map((trend) => trendText(trend, view)).join('\n\n'),
  });
};
