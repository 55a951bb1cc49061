import type { CapacityDecision, CapacityOutlook, CapacityVerdict } from '@lapidary/contracts/api/capacity';
import { daysText } from '@lapidary/kernel/days-text';
import { ago } from './human-time.js';
import type { View } from './output.js';
import { renderFacts, renderTable, renderWrapped, type Column } from './table.js';

/** What to run for the stamp that is due; null where none is. */
export const provisionCommandOf = ({ stamp, isolation }: Pick<CapacityVerdict, 'stamp' | 'isolation'>): string | null =>
  stamp === null ? null : `stampctl provision ${stamp}${isolation === 'dedicated' ? ' --isolation dedicated' : ''}`;

const stateOf = (v: Pick<CapacityVerdict, 'trigger' | 'action' | 'blockedBy'>, view: View): string => {
  if (v.trigger === null) return view.colours.green('enough');
  if (v.action !== 'none') return view.colours.yellow(`${v.action}: ${v.trigger}`);
  return view.colours.yellow(`due: ${v.trigger}, ${v.blockedBy ?? ''}`);
};

export const capacityTable = (items: readonly CapacityOutlook[], view: View): string => {
  const columns: Column<CapacityOutlook>[] = [
    { title: 'REGION', cell: (o) => view.colours.bold(o.region) },
    { title: 'POLICY', cell: (o) => o.policy.mode },
    { title: 'STAMPS', cell: (o) => `${o.figures.stamps}/${o.policy.stampsMax}`, align: 'right' },
    { title: 'FREE', cell: (o) => `${o.figures.units.free}/${o.figures.units.total}`, align: 'right' },
    { title: 'HEADROOM', cell: (o) => `${o.figures.headroomPercent ?? 0} %`, align: 'right' },
    { title: 'WAITING', cell: (o) => String(o.figures.pending.tenants), align: 'right' },
    { title: 'VERDICT', cell: (o) => stateOf(o.verdict, view) },
    { title: 'FULL IN', cell: (o) => (o.figures.daysToFull === null ? '-' : daysText(o.figures.daysToFull)), wide: true },
    { title: 'LEAD TIME', cell: (o) => daysText(o.figures.leadTimeDays), wide: true },
    { title: 'NEXT', cell: (o) => o.verdict.stamp ?? '-', wide: true },
    { title: 'REASON', cell: (o) => o.verdict.reason, wide: true },
  ];
  return renderTable(columns, items, view.wide);
};

export const capacityFacts = (outlook: CapacityOutlook, decisions: readonly CapacityDecision[], view: View): string => {
  const { policy, figures, verdict } = outlook;
  const usd = figures.monthlyCostUsd;
  const limit = policy.monthlyCostUsdMax === undefined ? '' : ` (at most ${policy.monthlyCostUsdMax})`;
  const facts = renderFacts([
    ['region', view.colours.bold(outlook.region)],
    ['policy', `${policy.mode}, ${policy.headroomPercent} % headroom, lead time × ${policy.leadTimeFactor}`],
    ['verdict', stateOf(verdict, view)],
    ['stamps', `${figures.stamps} of at most ${policy.stampsMax}`],
    ['room', `${figures.units.free} of ${figures.units.total} units free, ${figures.headroomPercent ?? 0} %`],
    [
      'waiting',
      `${figures.pending.tenants} ${figures.pending.tenants === 1 ? 'tenant' : 'tenants'} of ${figures.pending.units} units, ${figures.pending.unfitUnits} without room`,
    ],
    ['too large', figures.pending.tooLarge.join(', ')],
    [
      'rate',
      figures.netUnitsPerDay === null
        ? 'no placements in the window'
        : `${figures.netUnitsPerDay} units a day over ${policy.windowDays} days`,
    ],
    ['full in', figures.daysToFull === null ? 'not filling up' : daysText(figures.daysToFull)],
    [
      'lead time',
      `${daysText(figures.leadTimeDays)} (${figures.buildSamples === 0 ? 'assumed, nothing built yet' : `from ${figures.buildSamples} builds`})`,
    ],
    ['a month', usd === null ? null : `${usd.now ?? '?'} USD now, ${usd.withNext ?? '?'} with one more${limit}; an estimate`],
  ]);
  const why = renderWrapped([[verdict.reason]], [], view.columns);
  const rows = decisions.map((d) => [
    ago(d.decidedAt, view.nowMs),
    stateOf(d, view),
    d.stamp ?? '-',
    `${d.reason}${d.looks > 1 ? ` (${d.looks} looks)` : ''}`,
  ]);
  const widths = [0, 1, 2].map((i) => Math.max(0, ...rows.map((row) => plain(row[i]!).length)));
  const before = rows.length === 0 ? [] : ['', 'Decided before', renderWrapped(rows, widths, view.columns)];
  return [facts, '', why, ...before].join('\n');
};

/** Without colours, for widths. */
const plain = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, '');
