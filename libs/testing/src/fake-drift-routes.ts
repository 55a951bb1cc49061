import type { ServerResponse } from 'node:http';
import {
  driftSeverities,
  DriftRunPageSchema,
  DriftRunSchema,
  DriftStatusSchema,
  DriftTrendSchema,
  FindingPageSchema,
  FindingSchema,
  RepairRequestSchema,
  SuppressionPageSchema,
  SuppressionRequestSchema,
  SuppressionSchema,
  type DriftDay,
  type DriftRunView,
  type FindingView,
  type SuppressionView,
} from '@lapidary/contracts/api/drift';
import { AppError } from '@lapidary/kernel/app-error';
import { newDriftId } from '@lapidary/kernel/ids';
import type { z } from 'zod';
import type { FakeFleet, SeenRequest } from './fake-fleet.js';

const at = '2026-01-02T03:04:05.000Z';

export const aFinding = (given: Partial<FindingView> = {}): FindingView =>
  FindingSchema.parse({
    id: newDriftId(given.region ?? 'eu'),
    region: 'eu',
    kind: 'resource',
    subject: 'stamp/eu-1',
    path: 'lapidary:local:Database eu-1-database: connectionLimit',
    expected: 20,
    observed: 3,
    severity: 'warning',
    owner: 'platform',
    state: 'open',
    firstSeen: at,
    lastSeen: at,
    timesSeen: 1,
    resolvedAt: null,
    suppression: null,
    suppressedUntil: null,
    ...given,
  });

export const aDriftRun = (given: Partial<DriftRunView> = {}): DriftRunView =>
  DriftRunSchema.parse({
    id: newDriftId('eu'),
    region: 'eu',
    trigger: 'request',
    requestedBy: 'token:admin',
    stamp: null,
    status: 'done',
    createdAt: at,
    startedAt: at,
    finishedAt: at,
    appeared: 0,
    resolved: 0,
    sensors: [
      { kind: 'spec', looked: 1, skipped: [{ subject: 'stamp/eu-2', why: 'is failed' }], differences: 0, canary: 'found', tookMs: 12 },
      { kind: 'ring-sibling', looked: 1, skipped: [], differences: 0, canary: 'missed', tookMs: 1 },
    ],
    repair: null,
    repairs: [],
    error: null,
    ...given,
  });

export const aDriftDay = (given: Partial<DriftDay> = {}): DriftDay => ({
  ...{ day: '2026-01-02', runs: 288, failed: 0, appeared: 2, resolved: 1, open: 3, blind: [] },
  ...given,
});

/** As a run of the real one. */
const repairsAtOnceMax = 500;

/** Runs that repair, by id: what they came to is told by the run. */
const repairRuns = new Map<string, DriftRunView>();

/** Answers what is about drift; false: it is not. Each region has its own findings, as in the real one. */
export const answerDrift = (plane: FakeFleet, request: SeenRequest, response: ServerResponse): boolean => {
  const [, version, noun, collection = '', id = ''] = request.path.split('/');
  if (version !== 'v1' || noun !== 'drift') return false;
  const region = request.query.get('region') ?? 'eu';
  const findings = [...plane.findings.values()].filter((f) => f.region === region);
  const state = request.query.get('state');
  switch (`${request.method} ${collection}${id === '' ? '' : '/:id'}`) {
    case 'GET ':
      return send(response, 200, DriftStatusSchema, statusOf(findings, region));
    case 'GET trend': {
      const count = Number(request.query.get('days'));
      const days = Array.from({ length: count }, (_, i) =>
        aDriftDay({ day: new Date(Date.parse(at) - (count - 1 - i) * 86_400_000).toISOString().slice(0, 10) }),
      );
      return send(response, 200, DriftTrendSchema, { region, days });
    }
    case 'GET findings': {
      const least = request.query.get('severity') ?? 'info';
      const wanted = findings
        .filter((f) => state === 'all' || f.state === (state ?? 'open'))
        .filter((f) => driftSeverities.indexOf(f.severity) >= driftSeverities.indexOf(least as FindingView['severity']))
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, Number(request.query.get('limit') ?? 50));
      return send(response, 200, FindingPageSchema, { items: wanted, next: null });
    }
    case 'GET findings/:id':
      return send(response, 200, FindingSchema, found(plane.findings.get(id), `drift finding ${id}`));
    case 'GET runs':
      return send(response, 200, DriftRunPageSchema, { items: [aDriftRun()], next: null });
    case 'GET runs/:id':
      return send(response, 200, DriftRunSchema, repairRuns.get(id) ?? aDriftRun({ id, appeared: findings.length }));
    case 'POST runs':
      return send(response, 202, DriftRunSchema, aDriftRun({ status: 'queued', startedAt: null, finishedAt: null, sensors: [] }));
    case 'POST repairs': {
      const { dryRun, finding } = RepairRequestSchema.parse(request.body);
      const meant = findings.filter((f) => f.state === 'open' && (finding === undefined || f.id === finding));
      const repairs = meant.slice(0, repairsAtOnceMax).map(({ id: of, subject, path, severity }) => ({
        ...{ finding: of, subject, path },
        ...(severity === 'critical' ? { outcome: 'refused' as const, why: 'no peer has it' } : { outcome: 'merged' as const, why: null }),
      }));
      const run = aDriftRun({ repair: { dryRun }, repairs, repairsLeft: meant.length - repairs.length, sensors: [] });
      repairRuns.set(run.id, run);
      return send(response, 202, DriftRunSchema, { ...run, status: 'queued', startedAt: null, finishedAt: null, repairs: [] });
    }
    case 'GET suppressions':
      return send(response, 200, SuppressionPageSchema, {
        items: [...plane.suppressions.values()].filter((s) => s.region === region && (state === 'all' || s.state === (state ?? 'active'))),
        next: null,
      });
    case 'POST suppressions':
      return send(response, 201, SuppressionSchema, suppress(plane, request));
    case 'DELETE suppressions/:id':
      return send(response, 200, SuppressionSchema, lift(plane, id));
    default:
      return false;
  }
};

const statusOf = (findings: readonly FindingView[], region: string) => {
  const open = findings.filter((f) => f.state === 'open');
  const count = (severity: string): number => open.filter((f) => f.severity === severity).length;
  return {
    region,
    open: { info: count('info'), warning: count('warning'), critical: count('critical') },
    suppressed: findings.length - open.length,
    oldestOpen: open[0]?.firstSeen ?? null,
    lastRun: aDriftRun({ region }),
    blind: [],
    nextRunAt: at,
    isOverdue: false,
    failed: null,
    quarantined: open.filter((f) => f.quarantinedAt !== null).length,
  };
};

const suppress = (plane: FakeFleet, request: SeenRequest): SuppressionView => {
  const body = SuppressionRequestSchema.parse(request.body);
  const finding = body.finding === undefined ? null : found(plane.findings.get(body.finding), `drift finding ${body.finding}`);
  const id = newDriftId('eu');
  const suppression = SuppressionSchema.parse({
    id,
    region: 'eu',
    kind: finding?.kind ?? body.kind,
    subject: finding?.subject ?? body.subject,
    path: finding?.path ?? null,
    observed: finding?.observed ?? null,
    severity: body.severity ?? finding?.severity ?? 'warning',
    owner: body.owner,
    reason: body.reason,
    state: 'active',
    createdBy: 'token:admin',
    createdAt: at,
    until: body.until,
    liftedBy: null,
    liftedAt: null,
    hides: finding ? 1 : 0,
  });
  plane.suppressions.set(id, suppression);
  if (finding) plane.findings.set(finding.id, { ...finding, state: 'suppressed', suppression: id, suppressedUntil: body.until });
  return suppression;
};

const lift = (plane: FakeFleet, id: string): SuppressionView => {
  const lifted = {
    ...found(plane.suppressions.get(id), `drift suppression ${id}`),
    state: 'lifted' as const,
    liftedAt: at,
    liftedBy: 'token:admin',
  };
  plane.suppressions.set(id, lifted);
  for (const f of plane.findings.values())
    if (f.suppression === id) plane.findings.set(f.id, { ...f, state: 'open', suppression: null, suppressedUntil: null });
  return lifted;
};

const found = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new AppError('not_found', `There is no ${what}`);
  return value;
};

const send = <T>(response: ServerResponse, status: number, schema: z.ZodType<T>, value: unknown): true => {
  response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req-1' }).end(JSON.stringify(schema.parse(value)));
  return true;
};
