import { writeFile } from 'node:fs/promises';
import { byWeight } from '@lapidary/contracts/api/drift-order';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';
import { askRegions } from '../client/ask-regions.js';
import { DriftApi } from '../client/drift-api.js';
import type { Command } from '../invocation.js';
import { reportAsCsv, reportAsHtml, reportAsMarkdown, type DriftReport, type RegionReport } from '../output/drift-report.js';
import { DaysField } from './drift-trend.js';

/** From one review to the next. */
const daysDefault = 30;
const forms = ['md', 'html', 'csv', 'json'] as const;
const Options = z.object({
  region: RegionNameSchema.optional(),
  format: z.enum(forms).optional(),
  output: z.enum(forms).optional(),
  out: z.string().optional(),
  days: DaysField.default(daysDefault),
});

export const driftReport: Command = async (invocation) => {
  const { output } = invocation;
  const { region: only, format, output: asked, out, days } = invocation.parse(Options, invocation.options);
  const drift = new DriftApi(invocation.connect());
  const { items, missing } = await askRegions(drift.api, only, async (region) => [await reportOf(drift, region, days)]);
  const report: DriftReport = { at: new Date().toISOString(), regions: items, missing };
  for (const { region, why } of missing) output.warn(`${region} is missing from this report: ${why}`);
  const text = render[asked ?? format ?? 'md'](report);
  if (out === undefined) return output.line(text.trimEnd());
  await writeFile(out, text);
  output.note(`${items.reduce((sum, r) => sum + r.findings.length, 0)} findings written to ${out}`);
};

const render: Readonly<Record<(typeof forms)[number], (report: DriftReport) => string>> = {
  md: reportAsMarkdown,
  html: reportAsHtml,
  csv: reportAsCsv,
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
};

const reportOf = async (drift: DriftApi, region: string, days: number): Promise<RegionReport> => {
  const [open, suppressed] = [await drift.findings({ region, state: 'open' }), await drift.findings({ region, state: 'suppressed' })];
  return {
    status: await drift.status(region),
    findings: [...open, ...suppressed].sort(byWeight),
    trend: (await drift.trend(region, days)).days,
  };
};
