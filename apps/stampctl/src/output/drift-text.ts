import {
  type DriftRunView,
  type DriftTrend,
  type FindingRepair,
  type FindingView,
  type SuppressionView,
} from '@lapidary/contracts/api/drift';
import { ago, humanAge, humanDuration } from './human-time.js';
import type { View } from './output.js';
import { statusColour } from './status-colour.js';
import { renderFacts, renderTable, renderWrapped, type Column } from './table.js';

const ageOf = (finding: FindingView, view: View): string =>
  humanAge((finding.resolvedAt === null ? view.nowMs : Date.parse(finding.resolvedAt)) - Date.parse(finding.firstSeen));

/** One JSON value in a line; text without its quotes. */
const valueText = (value: unknown): string => (value === null ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value));

const severityText = (finding: FindingView, view: View): string => statusColour(finding.severity, view.colours);

export const findingsText = (findings: readonly FindingView[], view: View): string =>
  view.wide ? findingsTable(findings, view) : findings.map((f) => findingBlock(f, view)).join('\n\n');

/** Two leading spaces and the longest label. */
const labelWidth = 10;

/** Four lines that fit a terminal, however long the values are: what, where, both sides, and the id to go on with. */
const findingBlock = (finding: FindingView, view: View): string => {
  const { bold, dim, yellow } = view.colours;
  const hidden = finding.state === 'open' ? '' : `  ${yellow(finding.state)}`;
  const left = finding.quarantinedAt === null ? '' : `  ${yellow('quarantined')}`;
  const head = `${severityText(finding, view)}  ${bold(finding.subject)}  ${finding.kind}  ${dim(`for ${ageOf(finding, view)}`)}${hidden}${left}`;
  const rows = [
    ['  at', finding.path],
    ['  expected', valueText(finding.expected)],
    ['  observed', valueText(finding.observed)],
    ['  id', dim(finding.id)],
  ].filter(([, text]) => text !== '');
  return `${head}\n${renderWrapped(rows, [labelWidth], view.columns)}`;
};

export const repairsText = (run: DriftRunView, view: View): string => {
  const columns: Column<FindingRepair>[] = [
    { title: 'OUTCOME', cell: (r) => `${statusColour(r.outcome, view.colours)}${run.repair?.dryRun === true ? ' (dry run)' : ''}` },
    { title: 'SUBJECT', cell: (r) => r.subject },
    { title: 'PATH', cell: (r) => r.path },
    { title: 'WHY', cell: (r) => r.why ?? '-', wide: true },
    { title: 'FINDING', cell: (r) => r.finding, wide: true },
  ];
  return run.repairs.length === 0 ? '' : renderTable(columns, run.repairs, view.wide);
};

const findingsTable = (findings: readonly FindingView[], view: View): string => {
  const columns: Column<FindingView>[] = [
    { title: 'SEVERITY', cell: (f) => severityText(f, view) },
    { title: 'SUBJECT', cell: (f) => f.subject },
    { title: 'KIND', cell: (f) => f.kind },
    { title: 'PATH', cell: (f) => f.path },
    { title: 'EXPECTED', cell: (f) => valueText(f.expected) },
    { title: 'OBSERVED', cell: (f) => valueText(f.observed) },
    { title: 'STATE', cell: (f) => (f.quarantinedAt === null ? f.state : `${f.state}, quarantined`) },
    { title: 'AGE', cell: (f) => ageOf(f, view), align: 'right' },
    { title: 'SEEN', cell: (f) => String(f.timesSeen), align: 'right' },
    { title: 'OWNER', cell: (f) => f.owner },
    { title: 'ID', cell: (f) => f.id },
  ];
  return renderTable(columns, findings, view.wide);
};

export const findingFacts = (finding: FindingView, view: View): string =>
  renderFacts([
    ['finding', finding.id],
    ['severity', severityText(finding, view)],
    ['state', finding.state],
    ['subject', finding.subject],
    ['kind', finding.kind],
    ['path', finding.path],
    ['expected', valueText(finding.expected)],
    ['observed', valueText(finding.observed)],
    ['owner', finding.owner],
    ['first seen', `${finding.firstSeen} (${ago(finding.firstSeen, view.nowMs)})`],
    ['last seen', `${finding.lastSeen} (${ago(finding.lastSeen, view.nowMs)}), in ${finding.timesSeen} runs`],
    ['resolved', finding.resolvedAt],
    ['suppression', finding.suppression],
    ['hidden until', finding.suppressedUntil],
    ['repaired', finding.repairRounds === 0 ? null : `${finding.repairRounds} times, and still stands`],
    ['quarantined', finding.quarantinedAt],
  ]);

const canaryText: Readonly<Record<DriftRunView['sensors'][number]['canary'], string>> = {
  found: 'found',
  missed: 'MISSED',
  'not-planted': '-',
};

/** What a run did, sensor by sensor. "Planted" says whether the sensor found the drift that was made for it. */
export const runText = (run: DriftRunView, view: View): string => {
  const head = `${view.colours.bold(run.id)}  ${run.status}  ${run.appeared} new, ${run.resolved} resolved`;
  if (run.sensors.length === 0) return head;
  const sensors = renderTable(
    [
      { title: 'SENSOR', cell: (s) => s.kind },
      { title: 'LOOKED AT', cell: (s) => String(s.looked), align: 'right' },
      { title: 'SKIPPED', cell: (s) => String(s.skipped.length), align: 'right' },
      { title: 'DIFFERENCES', cell: (s) => String(s.differences), align: 'right' },
      { title: 'PLANTED', cell: (s) => (s.canary === 'missed' ? view.colours.red(canaryText[s.canary]) : canaryText[s.canary]) },
      { title: 'TOOK', cell: (s) => humanDuration(s.tookMs), align: 'right' },
    ],
    run.sensors,
    view.wide,
  );
  const reasons = new Set(run.sensors.flatMap((s) => s.skipped.map(({ subject, why }) => `skipped ${subject}: ${why}`)));
  return [head, sensors, ...reasons].join('\n');
};

export const runsTable = (runs: readonly DriftRunView[], view: View): string => {
  const blind = (run: DriftRunView): string =>
    run.sensors
      .filter((s) => s.canary === 'missed')
      .map((s) => s.kind)
      .join(',');
  const columns: Column<DriftRunView>[] = [
    { title: 'RUN', cell: (r) => r.id },
    { title: 'STATUS', cell: (r) => statusColour(r.status, view.colours) },
    { title: 'BEGAN', cell: (r) => ago(r.startedAt, view.nowMs) },
    { title: 'NEW', cell: (r) => String(r.appeared), align: 'right' },
    { title: 'GONE', cell: (r) => String(r.resolved), align: 'right' },
    { title: 'BLIND', cell: (r) => blind(r) || '-' },
    { title: 'TOOK', cell: tookText, align: 'right', wide: true },
    { title: 'STAMP', cell: (r) => r.stamp ?? 'all', wide: true },
    { title: 'ASKED BY', cell: (r) => r.requestedBy, wide: true },
    { title: 'ERROR', cell: (r) => r.error ?? '-', wide: true },
  ];
  return renderTable(columns, runs, view.wide);
};

const tookText = (run: DriftRunView): string =>
  run.startedAt && run.finishedAt ? humanDuration(Date.parse(run.finishedAt) - Date.parse(run.startedAt)) : '-';

/** One line a day; what is worth a look is in colour. */
export const trendText = ({ region, days }: DriftTrend, view: View): string => {
  const { bold, red, dim } = view.colours;
  const columns: Column<DriftTrend['days'][number]>[] = [
    { title: 'DAY', cell: (d) => d.day },
    { title: 'NEW', cell: (d) => String(d.appeared), align: 'right' },
    { title: 'GONE', cell: (d) => String(d.resolved), align: 'right' },
    { title: 'OPEN', cell: (d) => String(d.open), align: 'right' },
    { title: 'LOOKS', cell: (d) => (d.runs === 0 ? red('0') : String(d.runs)), align: 'right' },
    { title: 'FAILED', cell: (d) => (d.failed === 0 ? dim('0') : red(String(d.failed))), align: 'right' },
    { title: 'BLIND', cell: (d) => (d.blind.length === 0 ? '-' : red(d.blind.join(','))) },
  ];
  return `${bold(region)}\n${renderTable(columns, days, view.wide)}`;
};

export const suppressionsTable = (suppressions: readonly SuppressionView[], view: View): string => {
  if (!view.wide) return suppressions.map((s) => suppressionBlock(s, view)).join('\n\n');
  const columns: Column<SuppressionView>[] = [
    { title: 'SUPPRESSION', cell: (s) => s.id },
    { title: 'STATE', cell: (s) => s.state },
    { title: 'SUBJECT', cell: (s) => s.subject },
    { title: 'KIND', cell: (s) => s.kind },
    { title: 'PATH', cell: (s) => s.path ?? 'every path' },
    { title: 'UP TO', cell: (s) => s.severity },
    { title: 'UNTIL', cell: (s) => s.until },
    { title: 'HIDES', cell: (s) => String(s.hides), align: 'right' },
    { title: 'OWNER', cell: (s) => s.owner },
    { title: 'REASON', cell: (s) => s.reason },
    { title: 'BY', cell: (s) => s.createdBy },
  ];
  return renderTable(columns, suppressions, view.wide);
};

const suppressionBlock = (suppression: SuppressionView, view: View): string => {
  const { bold, dim } = view.colours;
  const head = `${bold(suppression.subject)}  ${suppression.kind}  ${suppression.state}, hides ${suppression.hides}`;
  const rows = [
    ['  at', suppression.path ?? 'every path'],
    ['  up to', suppression.severity],
    ['  until', suppression.until],
    ['  owner', suppression.owner],
    ['  reason', suppression.reason],
    ['  id', dim(suppression.id)],
  ];
  return `${head}\n${renderWrapped(rows, [labelWidth], view.columns)}`;
};
