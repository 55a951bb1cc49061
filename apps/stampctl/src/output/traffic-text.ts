import type { CompartmentState, Traffic, TrafficRow } from '@lapidary/contracts/api/traffic';
import type { View } from './output.js';
import { renderTable, type Column } from './table.js';

/** Rates of several routers add up; a time is that of the router where it is longest, which errs on the safe side. */
export const addUp = (rows: readonly TrafficRow[]): TrafficRow[] => {
  const sums = new Map<string, TrafficRow>();
  for (const row of rows) {
    const sum = sums.get(row.name);
    if (!sum) {
      sums.set(row.name, row);
      continue;
    }
    const longest = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b));
    sums.set(row.name, {
      name: row.name,
      perSecond: sum.perSecond + row.perSecond,
      perSecondError: sum.perSecondError + row.perSecondError,
      failedPerSecond: sum.failedPerSecond + row.failedPerSecond,
      refusedPerSecond: sum.refusedPerSecond + row.refusedPerSecond,
      p50Ms: longest(sum.p50Ms, row.p50Ms),
      p99Ms: longest(sum.p99Ms, row.p99Ms),
    });
  }
  return [...sums.values()].sort((a, b) => b.perSecond - a.perSecond);
};

const rate = (value: number): string => (value === 0 ? '-' : value >= 100 ? String(Math.round(value)) : value.toFixed(1));
const time = (ms: number | null): string => (ms === null ? '-' : ms >= 100 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`);
/** Longest name that leaves 80 columns for the figures. */
const nameMax = 28;
const short = (name: string): string => (name.length <= nameMax ? name : `${name.slice(0, nameMax - 1)}…`);

const figures = (title: string, view: View): Column<TrafficRow>[] => [
  { title, cell: ({ name }) => view.colours.bold(view.wide ? name : short(name)) },
  { title: 'RPS', cell: (row) => `${row.perSecondError > 0 ? '≤' : ''}${rate(row.perSecond)}`, align: 'right' },
  { title: 'FAILED', cell: (row) => (row.failedPerSecond > 0 ? view.colours.red(rate(row.failedPerSecond)) : '-'), align: 'right' },
  { title: 'REFUSED', cell: (row) => (row.refusedPerSecond > 0 ? view.colours.yellow(rate(row.refusedPerSecond)) : '-'), align: 'right' },
  { title: 'P50', cell: (row) => time(row.p50Ms), align: 'right' },
  { title: 'P99', cell: (row) => time(row.p99Ms), align: 'right' },
];

/** Places taken of those there are, over all routers, and what is wrong. */
const placesOf = (stamp: string, compartments: readonly CompartmentState[], view: View): string => {
  const own = compartments.filter((c) => c.stamp === stamp);
  const sum = (of: (c: CompartmentState) => number): number => own.reduce((total, c) => total + of(c), 0);
  const doors = own.flatMap((c) => c.doors);
  const open = doors.filter(({ breaker }) => breaker !== 'closed').length;
  const notes = [
    own.some(({ unwell }) => unwell) ? view.colours.yellow('unwell') : '',
    sum((c) => c.waiting) > 0 ? `${sum((c) => c.waiting)} wait` : '',
    open > 0 ? view.colours.red(`${open}/${doors.length} open`) : '',
  ].filter((note) => note !== '');
  return `${sum((c) => c.inFlight)}/${sum((c) => c.limit)} ${notes.join(', ')}`.trimEnd();
};

export const trafficText = ({ region, routers }: Traffic, rows: number, view: View): string => {
  if (routers.length === 0) return `No router of ${region} has reported in the last 10 s.`;
  const compartments = routers.flatMap((r) => r.compartments);
  const stampColumns: Column<TrafficRow>[] = [
    ...figures('STAMP', view),
    { title: 'PLACES', cell: ({ name }) => placesOf(name, compartments, view) },
  ];
  const [stamps, tenants] = [addUp(routers.flatMap((r) => r.stamps)), addUp(routers.flatMap((r) => r.tenants))];
  const versions = [...new Set(routers.map(({ limitsVersion }) => limitsVersion ?? 'none'))].join(', ');
  const seconds = Math.max(...routers.map(({ windowSeconds }) => windowSeconds));
  return [
    view.colours.dim(
      `${region}: ${routers.length} router${routers.length === 1 ? '' : 's'}, limits version ${versions}, figures of the last ${seconds.toFixed(0)} s`,
    ),
    ...(stamps.length === 0 ? ['No requests.'] : [renderTable(stampColumns, stamps.slice(0, rows), view.wide)]),
    ...(tenants.length === 0 ? [] : [renderTable(figures('TENANT', view), tenants.slice(0, rows), view.wide)]),
  ].join('\n\n');
};
