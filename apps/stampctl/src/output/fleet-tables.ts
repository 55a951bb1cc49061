import type { JobView } from '@lapidary/contracts/api/jobs';
import type { RegionView } from '@lapidary/contracts/api/regions';
import type { StampView } from '@lapidary/contracts/api/stamps';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { ago, humanDuration } from './human-time.js';
import { statusColour } from './status-colour.js';
import { renderTable, renderWrapped, type Column } from './table.js';
import type { View } from './output.js';

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

const stampState = (stamp: StampView, view: View): string =>
  `${statusColour(stamp.status, view.colours)}${stamp.cordoned ? ` ${view.colours.yellow('cordoned')}` : ''}${stamp.heldBy ? ` ${view.colours.yellow('held')}` : ''}`;

/** Used and reserved of the capacity: what the next tenant would find. */
export const unitsText = (of: { used: { units: number }; reserved?: { units: number }; capacity: { units: number } }): string =>
  `${of.used.units + (of.reserved?.units ?? 0)}/${of.capacity.units}`;

export const stampsTable = (stamps: readonly StampView[], view: View): string => {
  const columns: Column<StampView>[] = [
    { title: 'STAMP', cell: (s) => view.colours.bold(s.name) },
    { title: 'STATUS', cell: (s) => stampState(s, view) },
    { title: 'HEALTH', cell: (s) => statusColour(s.health, view.colours) },
    { title: 'RING', cell: (s) => s.ring },
    { title: 'UNITS', cell: unitsText, align: 'right' },
    { title: 'TENANTS', cell: (s) => String(s.tenants), align: 'right' },
    { title: 'EPOCH', cell: (s) => String(s.epoch), align: 'right' },
    { title: 'TEMPLATE', cell: (s) => s.templateVersion ?? '-' },
    { title: 'REGION', cell: (s) => s.region, wide: true },
    { title: 'WORKLOAD', cell: (s) => s.workloadVersion ?? '-', wide: true },
    { title: 'DRIVER', cell: (s) => s.driver, wide: true },
    { title: 'ISOLATION', cell: (s) => s.isolation, wide: true },
    { title: 'HEARTBEAT', cell: (s) => (s.lastHeartbeatAt === null ? '-' : ago(s.lastHeartbeatAt, view.nowMs)), wide: true },
    { title: 'CREATED', cell: (s) => ago(s.createdAt, view.nowMs), wide: true },
    { title: 'LABELS', cell: (s) => labelsText(s.labels), wide: true },
  ];
  return renderTable(columns, stamps, view.wide);
};

export const tenantsTable = (tenants: readonly TenantView[], view: View): string => {
  const columns: Column<TenantView>[] = [
    { title: 'TENANT', cell: (t) => view.colours.bold(t.id) },
    { title: 'STATUS', cell: (t) => statusColour(t.status, view.colours) },
    { title: 'REGION', cell: (t) => t.region },
    { title: 'STAMP', cell: (t) => t.placement?.stamp ?? '-' },
    { title: 'EPOCH', cell: (t) => String(t.placement?.epoch ?? '-'), align: 'right' },
    { title: 'WEIGHT', cell: (t) => String(t.weight), align: 'right' },
    { title: 'TIER', cell: (t) => t.tier },
    { title: 'CREATED', cell: (t) => ago(t.createdAt, view.nowMs) },
    { title: 'SERVING', cell: (t) => (t.placement ? ago(t.placement.servingAt, view.nowMs) : '-'), wide: true },
    { title: 'RESIDENCY', cell: (t) => t.residency.join(',') || 'any', wide: true },
    { title: 'REASON', cell: (t) => t.statusReason ?? '-', wide: true },
    { title: 'LABELS', cell: (t) => labelsText(t.labels), wide: true },
  ];
  return renderTable(columns, tenants, view.wide);
};

const linkText = (region: RegionView, view: View): string => {
  const { link, givenUp } = region;
  // For whom it waits, and who has its tenants, is below the table.
  if (givenUp) return givenUp.state === 'inherited' ? view.colours.dim('given up') : view.colours.yellow('being given up');
  if (link.state === 'cut')
    return `${statusColour('cut', view.colours)}${link.cutSince === null ? '' : ` ${ago(link.cutSince, view.nowMs)}`}`;
  return statusColour(link.state, view.colours);
};

export const regionsTable = (regions: readonly RegionView[], view: View): string => {
  const columns: Column<RegionView>[] = [
    { title: 'REGION', cell: (r) => view.colours.bold(r.name) },
    { title: 'NAME', cell: (r) => r.displayName },
    { title: 'LINK', cell: (r) => linkText(r, view) },
    { title: 'STAMPS', cell: (r) => String(r.stamps), align: 'right' },
    { title: 'TENANTS', cell: (r) => String(r.tenants), align: 'right' },
    { title: 'PENDING', cell: (r) => (r.pending > 0 ? view.colours.yellow(String(r.pending)) : '0'), align: 'right' },
    { title: 'UNITS', cell: (r) => unitsText(r), align: 'right' },
    { title: 'JURISDICTION', cell: (r) => r.jurisdiction, wide: true },
    { title: 'APPLIED', cell: (r) => String(r.link.appliedSequence), align: 'right', wide: true },
    { title: 'LAG', cell: (r) => (r.link.lagMs === null ? '-' : `${r.link.lagMs} ms`), align: 'right', wide: true },
  ];
  const notes = regions.flatMap((r) => givenUpNotes(r, view).map((text, i) => [i === 0 ? r.name : '', text]));
  const width = Math.max(0, ...notes.map(([name]) => name!.length));
  return [renderTable(columns, regions, view.wide), ...(notes.length > 0 ? ['', renderWrapped(notes, [width], view.columns)] : [])].join(
    '\n',
  );
};

/** What is kept and what is lost of a region that was given up; why one was not. */
const givenUpNotes = ({ name, link, givenUp, notGivenUp }: RegionView, view: View): string[] => {
  if (notGivenUp && link.state === 'cut')
    return [
      `${notGivenUp.by} gave it up ${ago(notGivenUp.at, view.nowMs)}, which is void: ${notGivenUp.objectors.join(', ')} heard it after that`,
      `once it has been silent for ten minutes: stampctl regions give-up ${name} --successor ${notGivenUp.successor}`,
    ];
  if (!givenUp) return [];
  const { heard = [], unsettled = [], waitingFor, returnedAt } = givenUp;
  return [
    `given up by ${givenUp.by} ${ago(givenUp.at, view.nowMs)}: ${givenUp.reason}`,
    givenUp.state === 'inherited' ? `${givenUp.successor} has its tenants` : `waits for ${waitingFor.join(', ')}`,
    ...heard.map((h) => `${h.region} had heard its log up to event ${h.sequence} of epoch ${h.epoch}`),
    ...(unsettled.length > 0 ? [`its rights of counters stay unused: changes of it were parked in ${unsettled.join(', ')}`] : []),
    ...(returnedAt === null ? [] : [view.colours.red(`it was heard ${ago(returnedAt, view.nowMs)} and is not believed: stop it`)]),
  ];
};

export const jobsTable = (jobs: readonly JobView[], view: View): string => {
  const took = (j: JobView): string =>
    j.startedAt ? humanDuration((j.finishedAt ? Date.parse(j.finishedAt) : view.nowMs) - Date.parse(j.startedAt)) : '-';
  const columns: Column<JobView>[] = [
    { title: 'JOB', cell: (j) => view.colours.bold(j.id) },
    { title: 'KIND', cell: (j) => j.kind },
    { title: 'SUBJECT', cell: (j) => j.subject },
    { title: 'STATUS', cell: (j) => statusColour(j.status, view.colours) },
    { title: 'CREATED', cell: (j) => ago(j.createdAt, view.nowMs) },
    { title: 'TOOK', cell: took, align: 'right', wide: true },
    { title: 'ATTEMPT', cell: (j) => String(j.attempt), align: 'right', wide: true },
    { title: 'BY', cell: (j) => j.requestedBy, wide: true },
    { title: 'OUTCOME', cell: (j) => j.error?.message ?? j.summary ?? '-', wide: true },
  ];
  return renderTable(columns, jobs, view.wide);
};
