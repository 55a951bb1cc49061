import type { LimitsView } from '@lapidary/contracts/api/limits';
import type { LimitsDocument, LimitSpec } from '@lapidary/contracts/limits';
import type { View } from './output.js';
import { renderFacts, renderTable, type Column } from './table.js';

interface Row {
  readonly whom: string;
  readonly priority: string;
  readonly limits: string;
}

/** `{ kind: 'token_bucket', perSecond: 50, burst: 100 }` as "token bucket (perSecond 50, burst 100)". */
const limitText = ({ kind, ...numbers }: LimitSpec): string => {
  const parts = Object.entries(numbers).map(([name, value]) => `${name} ${value}`);
  return `${kind.replaceAll('_', ' ')} (${parts.join(', ')})`;
};
const limitsOf = (limits: readonly LimitSpec[] | undefined): string =>
  limits === undefined ? '' : limits.length === 0 ? 'none' : limits.map(limitText).join('; ');

const rowsOf = ({ tiers, tenants, stamps, global, defaultTier }: LimitsDocument): Row[] => [
  ...Object.entries(tiers).map(([name, tier]) => ({
    whom: `tier ${name}${name === defaultTier ? ' (default)' : ''}`,
    priority: String(tier.priority),
    limits: limitsOf(tier.limits),
  })),
  ...Object.entries(tenants).map(([id, own]) => ({
    whom: `tenant ${id}`,
    priority: own.priority === undefined ? '' : String(own.priority),
    limits: [own.tier === undefined ? '' : `tier ${own.tier}`, limitsOf(own.limits)].filter((text) => text !== '').join('; '),
  })),
  ...Object.entries(stamps).map(([name, { limits, ...rest }]) => ({
    whom: name === 'default' ? 'all stamps' : `stamp ${name}`,
    priority: '',
    limits: [...Object.entries(rest).map(([key, value]) => `${key} ${JSON.stringify(value)}`), limitsOf(limits)]
      .filter((t) => t !== '')
      .join('; '),
  })),
  { whom: 'everything', priority: '', limits: limitsOf(global.limits) },
];

export const limitsText = ({ region, version, changedBy, changedAt, reason, document }: LimitsView, view: View): string => {
  const columns: Column<Row>[] = [
    { title: 'OF', cell: ({ whom }) => view.colours.bold(whom) },
    { title: 'PRIORITY', cell: ({ priority }) => priority, align: 'right' },
    { title: 'LIMITS', cell: ({ limits }) => limits },
  ];
  const facts = renderFacts([
    ['region', view.colours.bold(region)],
    ['version', version === 0 ? '0, the defaults: nobody has set any' : version],
    ['changed', changedAt === null ? null : `${changedAt} by ${changedBy ?? '?'}`],
    ['reason', reason],
  ]);
  return `${facts}\n\n${renderTable(columns, rowsOf(document), view.wide)}`;
};

/** What differs, one line for each value that was set, changed or taken away. */
export const limitsChanges = (before: LimitsDocument, after: LimitsDocument): string[] => {
  const [old, now] = [leaves(before), leaves(after)];
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort();
  return paths.flatMap((path) => {
    const [was, is] = [old.get(path), now.get(path)];
    if (was === is) return [];
    if (was === undefined) return [`+ ${path}: ${is}`];
    return is === undefined ? [`- ${path}: ${was}`] : [`~ ${path}: ${was} → ${is}`];
  });
};

const leaves = (value: unknown, path = ''): Map<string, string> => {
  if (typeof value !== 'object' || value === null) return new Map([[path, JSON.stringify(value)]]);
  const entries = Object.entries(value).flatMap(([key, inner]) => [...leaves(inner, path === '' ? key : `${path}.${key}`)]);
  return new Map(entries.length === 0 ? [[path, '(none)']] : entries);
};
