import { finishedJobStatuses, type JobEventView, type JobView } from '@lapidary/contracts/api/jobs';
import type { StampView } from '@lapidary/contracts/api/stamps';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { freezeEndsAt, isFrozenByLabel } from '@lapidary/contracts/tenant-labels';
import { unitsText } from './fleet-tables.js';
import { harmlessCell } from './harmless.js';
import { ago, clockTime, humanDuration } from './human-time.js';
import { progressText, remainingText } from './job-estimate-text.js';
import type { View } from './output.js';
import { statusColour } from './status-colour.js';
import { renderFacts, renderTable } from './table.js';

const labelsOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');

/** What its health rests on. Of a stamp of another region that is well, that region's word; its heartbeats are heard there. */
export const healthText = (stamp: Pick<StampView, 'health' | 'healthReason' | 'lastHeartbeatAt' | 'region'>, nowMs: number): string => {
  const { health, healthReason: reason, region } = stamp;
  const why = reason ? `${reason}; ` : '';
  if (stamp.lastHeartbeatAt !== null) return `${why}last heartbeat ${ago(stamp.lastHeartbeatAt, nowMs)}`;
  return health === 'unknown' ? (reason ?? 'no heartbeat yet') : `${why}as region ${region} tells`;
};

export const stampFacts = (stamp: StampView, view: View): string =>
  renderFacts([
    ['stamp', view.colours.bold(stamp.name)],
    ['region', stamp.region],
    ['status', statusColour(stamp.status, view.colours)],
    ['cordoned', stamp.cordoned ? view.colours.yellow(stamp.cordonReason ?? 'yes') : null],
    ['held', stamp.heldBy ? view.colours.yellow(`by roll-out ${stamp.heldBy}`) : null],
    ['health', `${statusColour(stamp.health, view.colours)} (${healthText(stamp, view.nowMs)})`],
    ['units', `${unitsText(stamp)} taken (${stamp.used.units} used, ${stamp.reserved.units} reserved)`],
    ['tenants', stamp.tenants],
    ['epoch', stamp.epoch],
    ['ring', stamp.ring],
    ['isolation', stamp.isolation],
    ['profile', `${stamp.profile} on ${stamp.driver}`],
    ['template', stamp.templateVersion],
    ['workload', stamp.workloadVersion],
    ['front doors', stamp.frontDoors.join(', ')],
    ['labels', labelsOf(stamp.labels)],
    ['created', ago(stamp.createdAt, view.nowMs)],
    ['changed', ago(stamp.updatedAt, view.nowMs)],
    ['spec digest', view.wide ? stamp.specDigest : null],
    ['version', view.wide ? stamp.version : null],
  ]);

/** Null where it is not frozen. */
const frozenText = (labels: TenantView['labels'], view: View): string | null => {
  if (!isFrozenByLabel(labels)) return null;
  const endsAt = freezeEndsAt(labels);
  if (endsAt === null) return view.colours.red('frozen, with no end: until "stampctl tenants thaw"');
  const at = new Date(endsAt).toISOString();
  return endsAt > view.nowMs ? view.colours.yellow(`frozen until ${at}`) : view.colours.red(`frozen, overdue: it was to end at ${at}`);
};

export const tenantFacts = (tenant: TenantView, view: View): string => {
  const { placement } = tenant;
  const serving = placement?.servingAt ? `serving since ${ago(placement.servingAt, view.nowMs)}` : 'not confirmed by the stamp yet';
  return renderFacts([
    ['tenant', view.colours.bold(tenant.id)],
    ['region', tenant.region],
    ['status', statusColour(tenant.status, view.colours)],
    ['reason', tenant.statusReason],
    ['traffic', frozenText(tenant.labels, view)],
    ['stamp', placement ? `${placement.stamp} (epoch ${placement.epoch}, ${serving})` : null],
    ['weight', `${tenant.weight} ${tenant.weight === 1 ? 'unit' : 'units'}`],
    ['tier', tenant.tier],
    ['residency', tenant.residency.join(', ') || 'any'],
    ['hosts', tenant.hosts.join(', ')],
    [
      'lost hosts',
      tenant.lostHosts ? view.colours.red(`${tenant.lostHosts.join(', ')}: another region’s tenant was given them first`) : null,
    ],
    ['labels', labelsOf(tenant.labels)],
    ['created', ago(tenant.createdAt, view.nowMs)],
    ['changed', ago(tenant.updatedAt, view.nowMs)],
    ['version', view.wide ? tenant.version : null],
  ]);
};

export const jobFacts = (job: JobView, events: readonly JobEventView[], view: View): string => {
  const facts = renderFacts([
    ['job', view.colours.bold(job.id)],
    ['does', `${job.kind} ${job.subject}`],
    ['status', statusColour(job.status, view.colours)],
    ['outcome', job.summary],
    ['error', job.error ? view.colours.red(`${job.error.code}: ${job.error.message}`) : null],
    ['progress', finishedJobStatuses.includes(job.status) ? null : `${job.stepsDone}/${job.steps.length} steps`],
    ['estimate', remainingText(job)],
    ['attempt', job.attempt],
    ['asked by', `${job.requestedBy}, ${ago(job.createdAt, view.nowMs)}`],
  ]);
  const steps = renderTable(
    [
      { title: 'STEP', cell: (s) => s.title },
      { title: 'STATUS', cell: (s) => statusColour(s.status, view.colours) },
      { title: 'TOOK', cell: stepTook, align: 'right' },
      { title: 'USUALLY', cell: (s) => (s.usual === null ? '-' : humanDuration(s.usual.medianMs)), align: 'right' },
      { title: 'AT MOST', cell: (s) => (s.usual === null ? '-' : humanDuration(s.usual.p90Ms)), align: 'right', wide: true },
      { title: 'DONE', cell: (s) => progressText(s.progress) || '-', wide: true },
      { title: 'ATTEMPTS', cell: (s) => String(s.attempts), align: 'right', wide: true },
      { title: 'MESSAGE', cell: (s) => s.message ?? '-', wide: true },
    ],
    job.steps,
    view.wide,
  );
  const messages = events.map(
    (e) => `  ${view.colours.dim(clockTime(e.at))}  ${e.level === 'info' ? '' : `${e.level}: `}${harmlessCell(e.message)}`,
  );
  return [facts, '', steps, ...(messages.length === 0 ? [] : ['', 'Last messages (UTC)', ...messages])].join('\n');
};

const stepTook = (step: JobView['steps'][number]): string =>
  step.startedAt && step.finishedAt ? humanDuration(Date.parse(step.finishedAt) - Date.parse(step.startedAt)) : '-';
