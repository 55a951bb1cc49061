import type { DriftDay, DriftStatus, FindingView } from '@lapidary/contracts/api/drift';
import { notLookedAt } from '@lapidary/contracts/api/drift-order';
import { csvOf } from './csv.js';

export interface RegionReport {
  readonly status: DriftStatus;
  /** What stands, the worst first; suppressed ones too, with until when. */
  readonly findings: readonly FindingView[];
  /** By day, the oldest first, for as many days as were asked for. */
  readonly trend: readonly DriftDay[];
}

export interface DriftReport {
  readonly at: string;
  readonly regions: readonly RegionReport[];
  readonly missing: readonly { readonly region: string; readonly why: string }[];
}

const text = (value: unknown): string =>
  value === null || value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);

const findingColumns = [
  'region',
  'severity',
  'state',
  'kind',
  'subject',
  'path',
  'expected',
  'observed',
  'owner',
  'first seen',
  'last seen',
  'suppressed until',
  'quarantined at',
  'id',
] as const;
const findingRow = (f: FindingView): unknown[] => [
  f.region,
  f.severity,
  f.state,
  f.kind,
  f.subject,
  f.path,
  f.expected,
  f.observed,
  f.owner,
  f.firstSeen,
  f.lastSeen,
  f.suppressedUntil,
  f.quarantinedAt,
  f.id,
];
const trendColumns = ['day', 'appeared', 'resolved', 'open', 'looks', 'failed looks', 'blind sensors'] as const;
const trendRow = (d: DriftDay): unknown[] => [
  ...[d.day, d.appeared, d.resolved, d.open, d.runs, d.failed],
  d.blind.length === 0 ? null : d.blind.join(' '),
];

/** A report is read: more of them are a list that nobody reads, and `stampctl drift runs` has all. */
const namedMax = 10;

const summaryOf = ({ status }: RegionReport): string => {
  const { critical, warning, info } = status.open;
  const looked = status.lastRun?.finishedAt ?? 'never';
  const blind = status.blind.length === 0 ? '' : `; blind: ${status.blind.join(', ')}`;
  const left = status.quarantined === 0 ? '' : `; ${status.quarantined} quarantined`;
  const skipped = status.lastRun === null ? [] : notLookedAt(status.lastRun);
  const out =
    skipped.length === 0
      ? ''
      : `; not looked at then: ${skipped.slice(0, namedMax).join(', ')}${skipped.length > namedMax ? ` and ${skipped.length - namedMax} more` : ''}`;
  return `${critical} critical, ${warning} warning, ${info} info; ${status.suppressed} suppressed${left}; oldest since ${text(status.oldestOpen)}; last looked ${looked}${blind}${out}`;
};

/** What makes silence worth nothing: it must be read before anything else is. */
const doubtsOf = ({ status: { lastRun, isOverdue, failed } }: RegionReport): string | null => {
  const old = lastRun === null ? 'Nobody has looked yet' : isOverdue ? 'Nobody has looked for longer than is meant' : null;
  const why = failed && `${failed.runs} ${failed.runs === 1 ? 'look' : 'looks'} failed since, the last at ${failed.at}: ${failed.error}`;
  return old === null && why === null ? null : [old, why].filter((t) => t !== null).join('; ');
};

/** Nothing was found: whether that means anything is another matter. */
const nothingOf = (region: RegionReport): string =>
  doubtsOf(region) === null ? 'Nothing differs.' : 'Nothing differed when it was last looked.';

/** One row a finding, for spreadsheets. */
export const reportAsCsv = (report: DriftReport): string =>
  csvOf(
    findingColumns,
    report.regions.flatMap((r) => r.findings.map(findingRow)),
  );

/** A cell may hold anything; what would end it or begin another thing is taken out of its meaning. */
const markdownCell = (value: unknown): string =>
  text(value)
    .replaceAll(/[\\|`*_<>[\]]/g, (character) => `\\${character}`)
    .replaceAll(/\s+/g, ' ');
const markdownTable = (columns: readonly string[], rows: readonly (readonly unknown[])[]): string[] => [
  `| ${columns.join(' | ')} |`,
  `| ${columns.map(() => '---').join(' | ')} |`,
  ...rows.map((row) => `| ${row.map(markdownCell).join(' | ')} |`),
];

export const reportAsMarkdown = (report: DriftReport): string =>
  [
    '# Drift',
    '',
    `As of ${report.at}.`,
    ...report.missing.map(({ region, why }) => `\n**${region} is missing from this report**: ${markdownCell(why)}`),
    ...report.regions.flatMap((region) => [
      '',
      `## ${region.status.region}`,
      '',
      ...(doubtsOf(region) === null ? [] : [`**${markdownCell(doubtsOf(region))}**`, '']),
      summaryOf(region),
      '',
      ...(region.findings.length === 0 ? [nothingOf(region)] : markdownTable(findingColumns, region.findings.map(findingRow))),
      ...(region.trend.length === 0 ? [] : ['', ...markdownTable(trendColumns, region.trend.map(trendRow))]),
    ]),
    '',
  ].join('\n');

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (value: unknown): string => text(value).replaceAll(/[&<>"']/g, (character) => escapes[character]!);
const htmlTable = (caption: string, columns: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  `<table><caption>${escaped(caption)}</caption><thead><tr>${columns.map((c) => `<th scope="col">${escaped(c)}</th>`).join('')}</tr></thead>\n<tbody>${rows
    .map((row) => `<tr>${row.map((c) => `<td>${escaped(c)}</td>`).join('')}</tr>`)
    .join('\n')}</tbody></table>`;

/** One file that needs nothing else: to be mailed, or printed for a review. */
export const reportAsHtml = (report: DriftReport): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Drift as of ${escaped(report.at)}</title>
<style>body{font:14px system-ui,sans-serif;margin:2rem}table{border-collapse:collapse;margin:1rem 0}th,td{border:1px solid #999;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}caption{text-align:left;font-weight:600}</style></head>
<body><h1>Drift</h1><p>As of ${escaped(report.at)}.</p>
${report.missing.map(({ region, why }) => `<p><strong>${escaped(region)} is missing from this report</strong>: ${escaped(why)}</p>`).join('\n')}
${report.regions
  .map((region) =>
    [
      `<h2>${escaped(region.status.region)}</h2><p>${escaped(summaryOf(region))}</p>`,
      doubtsOf(region) === null ? '' : `<p><strong>${escaped(doubtsOf(region))}</strong></p>`,
      region.findings.length === 0
        ? `<p>${escaped(nothingOf(region))}</p>`
        : htmlTable('What stands', findingColumns, region.findings.map(findingRow)),
      region.trend.length === 0 ? '' : htmlTable('By day', trendColumns, region.trend.map(trendRow)),
    ].join('\n'),
  )
  .join('\n')}
</body></html>
`;
