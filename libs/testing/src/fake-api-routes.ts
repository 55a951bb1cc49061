import type { ServerResponse } from 'node:http';
import { AppError } from '@lapidary/kernel/app-error';
import { CapacityDecisionPageSchema, CapacityOutlookSchema } from '@lapidary/contracts/api/capacity';
import { DeadLetterPageSchema, DeadLetterSchema, DropDeadLetterSchema, ReplayDeadLetterSchema } from '@lapidary/contracts/api/dead-letters';
import {
  CancelJobSchema,
  finishedJobStatuses,
  JobEventsQuerySchema,
  JobEventsSchema,
  JobPageSchema,
  JobSchema,
} from '@lapidary/contracts/api/jobs';
import { IntentPageSchema } from '@lapidary/contracts/api/intents';
import { PlansRequestSchema, PlansSchema, ProvisionPlanSchema, type ProvisionPlan } from '@lapidary/contracts/api/provisioning';
import { GeodeSchema, type GeodeView } from '@lapidary/contracts/api/replication';
import { RegionPageSchema } from '@lapidary/contracts/api/regions';
import { RetirePlanSchema, RetireStampSchema, type RetirePlan } from '@lapidary/contracts/api/retirement';
import { RouteExplanationSchema, RouteQuerySchema } from '@lapidary/contracts/api/routing';
import {
  CordonRequestSchema,
  ProvisionRequestSchema,
  StampPageSchema,
  StampSchema,
  UncordonRequestSchema,
} from '@lapidary/contracts/api/stamps';
import { VersionSchema } from '@lapidary/contracts/api/system';
import {
  CreateTenantSchema,
  ExplanationSchema,
  TenantPageSchema,
  TenantSchema,
  UpdateTenantSchema,
  type TenantView,
  ResumeTenantSchema,
  SuspendTenantSchema,
} from '@lapidary/contracts/api/tenants';
import type { z } from 'zod';
import type { FakeFleet, SeenRequest } from './fake-fleet.js';
import { answerDrift } from './fake-drift-routes.js';
import { aDecision, anExplanation, aResourcePlan, aTenant } from './fleet-fixtures.js';

interface Call {
  readonly plane: FakeFleet;
  readonly request: SeenRequest;
  readonly response: ServerResponse;
  readonly id: string;
}

type Handler = (call: Call) => void | Promise<void>;

const cookie = 'lapidary_session=fake';

const routes: readonly (readonly [string, RegExp, Handler])[] = [
  ['GET', /^\/readyz$/, ({ response }) => void response.writeHead(200).end('{}')],
  [
    'GET',
    /^\/v1\/version$/,
    ({ response }) =>
      send(response, 200, VersionSchema, { version: '0.1.0', region: 'eu', api: 'v1', templateVersion: '1.0.0', engine: 'embedded' }),
  ],
  [
    'GET',
    /^\/v1\/session$/,
    ({ response }) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(session)),
  ],
  ['DELETE', /^\/v1\/session$/, ({ response }) => void response.writeHead(204, { 'set-cookie': `${cookie}; Max-Age=0; Path=/` }).end()],
  ['GET', /^\/v1\/events$/, ({ plane, request, response }) => plane.stream(request, response)],
  ['GET', /^\/v1\/regions$/, ({ plane, response }) => send(response, 200, RegionPageSchema, { items: plane.regions, next: null })],
  ['GET', /^\/v1\/geode$/, ({ response }) => send(response, 200, GeodeSchema, geode)],
  ['POST', /^\/v1\/plans$/, (call) => plans(call)],
  ['GET', /^\/v1\/stamps\/([^/]+)\/plan$/, ({ plane, response, id }) => send(response, 200, ProvisionPlanSchema, planOf(plane, id, {}))],
  [
    'POST',
    /^\/v1\/stamps\/([^/]+)\/plan$/,
    ({ plane, request, response, id }) =>
      send(response, 200, ProvisionPlanSchema, planOf(plane, id, check(ProvisionRequestSchema, request.body))),
  ],
  ['GET', /^\/v1\/stamps$/, (call) => page(call, StampPageSchema, [...call.plane.stamps.values()], ['region', 'status'])],
  // Nothing waits for another region.
  ['GET', /^\/v1\/intents$/, ({ response }) => send(response, 200, IntentPageSchema, { items: [], next: null })],
  [
    'GET',
    /^\/v1\/stamps\/([^/]+)$/,
    ({ plane, response, id }) => send(response, 200, StampSchema, found(plane.stamps.get(id), `stamp ${id}`)),
  ],
  ['POST', /^\/v1\/stamps\/([^/]+)\/provision$/, (call) => provision(call)],
  ['GET', /^\/v1\/stamps\/([^/]+)\/retirement$/, (call) => send(call.response, 200, RetirePlanSchema, retirement(call))],
  ['POST', /^\/v1\/stamps\/([^/]+)\/retire$/, (call) => retire(call)],
  ['POST', /^\/v1\/stamps\/([^/]+)\/cordon$/, (call) => cordon(call, check(CordonRequestSchema, call.request.body).reason)],
  ['POST', /^\/v1\/stamps\/([^/]+)\/uncordon$/, (call) => cordon(call, (check(UncordonRequestSchema, call.request.body), null))],
  ['GET', /^\/v1\/tenants$/, (call) => page(call, TenantPageSchema, [...call.plane.tenants.values()], ['region', 'status'])],
  ['POST', /^\/v1\/tenants$/, (call) => createTenant(call)],
  ['GET', /^\/v1\/tenants\/([^/]+)$/, ({ plane, response, id }) => sendTenant(response, 200, found(plane.tenants.get(id), `tenant ${id}`))],
  ['PATCH', /^\/v1\/tenants\/([^/]+)$/, (call) => changeTenant(call, changesIn(call))],
  ['DELETE', /^\/v1\/tenants\/([^/]+)$/, (call) => changeTenant(call, { status: 'deleted', placement: null })],
  [
    'POST',
    /^\/v1\/tenants\/([^/]+)\/suspend$/,
    (call) => changeTenant(call, { status: 'suspended', statusReason: check(SuspendTenantSchema, call.request.body).reason }),
  ],
  [
    'POST',
    /^\/v1\/tenants\/([^/]+)\/resume$/,
    (call) => (check(ResumeTenantSchema, call.request.body), changeTenant(call, { status: 'placed', statusReason: null })),
  ],
  ['GET', /^\/v1\/tenants\/([^/]+)\/explain$/, (call) => explain(call)],
  [
    'GET',
    /^\/v1\/capacity\/([^/]+)$/,
    (call) => send(call.response, 200, CapacityOutlookSchema, found(call.plane.capacity.get(call.id), `region ${call.id}`)),
  ],
  ['GET', /^\/v1\/capacity\/([^/]+)\/decisions$/, (call) => page(call, CapacityDecisionPageSchema, call.plane.capacityDecisions, [])],
  ['GET', /^\/v1\/jobs\/dead-letters$/, (call) => page(call, DeadLetterPageSchema, [...call.plane.deadLetters.values()], [])],
  [
    'GET',
    /^\/v1\/jobs\/dead-letters\/([^/]+)$/,
    ({ plane, response, id }) => send(response, 200, DeadLetterSchema, found(plane.deadLetters.get(id), `dead letter ${id}`)),
  ],
  ['POST', /^\/v1\/jobs\/dead-letters\/([^/]+)\/replay$/, (call) => resolveLetter(call, 'replayed')],
  ['POST', /^\/v1\/jobs\/dead-letters\/([^/]+)\/drop$/, (call) => resolveLetter(call, 'dropped')],
  ['GET', /^\/v1\/jobs$/, (call) => page(call, JobPageSchema, [...call.plane.jobs.values()].reverse(), ['status', 'subject', 'region'])],
  ['GET', /^\/v1\/jobs\/([^/]+)$/, ({ plane, response, id }) => send(response, 200, JobSchema, found(plane.jobs.get(id), `job ${id}`))],
  ['GET', /^\/v1\/jobs\/([^/]+)\/events$/, (call) => jobEvents(call)],
  ['POST', /^\/v1\/jobs\/([^/]+)\/cancel$/, (call) => (check(CancelJobSchema, call.request.body), endJob(call, 'cancelled'))],
  ['POST', /^\/v1\/jobs\/([^/]+)\/retry$/, (call) => endJob(call, 'queued')],
  ['GET', /^\/v1\/route$/, (call) => route(call)],
];

const geode: GeodeView = {
  region: 'eu',
  epoch: 1,
  sequence: 17,
  autonomousSince: null,
  outbox: { waiting: 0, oldestSeconds: 0, kept: 17 },
  deadLetters: 0,
  conflicts: 0,
  digest: { root: '0000000000000000', documents: 0 },
  peers: [],
};

const session = { actor: 'token:admin', via: 'cookie', bindings: [{ role: 'admin', region: '*' }], region: 'eu' };

const openToAll = new Set(['/readyz', '/v1/version']);

/** Authenticates, finds the route, answers. */
export const answerApi = async (plane: FakeFleet, request: SeenRequest, response: ServerResponse): Promise<void> => {
  if (request.method === 'POST' && request.path === '/v1/session') return beginSession(plane, request, response);
  const known = request.headers.authorization === `Bearer ${plane.token}` || (request.headers.cookie ?? '').includes(cookie);
  if (!known && !openToAll.has(request.path)) throw new AppError('unauthenticated');
  for (const [method, pattern, handler] of routes) {
    const match = pattern.exec(request.path);
    if (match && method === request.method) return handler({ plane, request, response, id: decodeURIComponent(match[1] ?? '') });
  }
  if (answerDrift(plane, request, response)) return;
  throw new AppError('not_found', `There is no ${request.method} ${request.path}`);
};

/** Nothing leaves that the contract does not know: a fake that lies would make its tests worthless. */
const send = <T>(
  response: ServerResponse,
  status: number,
  schema: z.ZodType<T>,
  value: unknown,
  headers: Record<string, string> = {},
): void => {
  const body = JSON.stringify(schema.parse(value));
  response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req-1', ...headers }).end(body);
};

const sendTenant = (response: ServerResponse, status: number, tenant: TenantView): void =>
  send(response, status, TenantSchema, tenant, { etag: `"${tenant.version}"` });

const beginSession = (plane: FakeFleet, request: SeenRequest, response: ServerResponse): void => {
  if ((request.body as { token?: unknown } | null)?.token !== plane.token) throw new AppError('unauthenticated');
  const headers = { 'content-type': 'application/json', 'set-cookie': `${cookie}; HttpOnly; SameSite=Strict; Path=/` };
  response.writeHead(200, headers).end(JSON.stringify(session));
};

const page = <T extends object>(call: Call, schema: z.ZodType, all: readonly T[], filters: readonly string[]): void => {
  const { query } = call.request;
  const wanted = all.filter((item) => filters.every((name) => !query.has(name) || query.get(name) === String(item[name as keyof T])));
  const from = Number(query.get('cursor') ?? 0);
  const to = from + Number(query.get('limit') ?? 100);
  send(call.response, 200, schema, { items: wanted.slice(from, to), next: to < wanted.length ? String(to) : null });
};

const provision = ({ plane, request, response, id }: Call): void => {
  if (request.headers['idempotency-key'] === undefined) throw new AppError('invalid_input', 'Idempotency-Key is missing');
  const asked = check(ProvisionRequestSchema, request.body);
  if (request.query.get('dryRun') === 'true') return send(response, 200, ProvisionPlanSchema, planOf(plane, id, asked));
  const open = [...plane.jobs.values()].find((j) => j.subject === id && !finishedJobStatuses.includes(j.status));
  if (open) throw new AppError('job_in_progress', `${id} has a job under way: ${open.id}`, { details: { jobId: open.id, subject: id } });
  const job = plane.openJob(id);
  send(response, 202, JobSchema, job);
  plane.onProvision(job);
};

const planOf = (plane: FakeFleet, name: string, asked: z.infer<typeof ProvisionRequestSchema>): ProvisionPlan => {
  const { capacity = { units: 50 }, ring = 'broad', isolation = 'pooled', labels = {} } = asked;
  const stamp = plane.stamps.get(name);
  return {
    spec: {
      ...{ name, region: name.replace(/-\d+$/, ''), driver: 'local', profile: 'small', workload: { version: '0.1.0' } },
      ...{ capacity, ring, isolation, labels },
    },
    specDigest: 'd'.repeat(64),
    source: 'defaults',
    versionFrom: 'defaults',
    overrides: Object.keys(asked),
    stamp: stamp ? { status: stamp.status } : null,
    changed: stamp ? Object.keys(asked) : [],
    ...aResourcePlan(plane.planned.get(name)),
  };
};

const retirement = ({ plane, id }: Call): RetirePlan => {
  const stamp = found(plane.stamps.get(id), `stamp ${id}`);
  const there = [...plane.tenants.values()].filter((t) => t.placement?.stamp === id).map((t) => t.id);
  const remains = there.length === 0 ? [] : [{ kind: 'tenants' as const, count: there.length, examples: there, check: 'Delete them.' }];
  return { stamp, remains, openJob: null, steps: [{ name: 'destroy', title: 'Take its resources away', noReturn: true }] };
};

const retire = (call: Call): void => {
  const { plane, request, response, id } = call;
  if (check(RetireStampSchema, request.body).confirm !== id) throw new AppError('confirmation_needed');
  if (retirement(call).remains.length > 0) throw new AppError('stamp_not_empty');
  const job = plane.openJob(id, 'decommission');
  send(response, 202, JobSchema, job);
  plane.stamps.set(id, { ...found(plane.stamps.get(id), `stamp ${id}`), status: 'retired', frontDoors: [] });
  plane.progress({ ...job, status: 'succeeded', summary: '7 deleted' }, { message: 'done: 7 deleted' });
};

const plans = ({ plane, request, response }: Call): void => {
  const { region = 'eu', stamps } = check(PlansRequestSchema, request.body);
  const names = stamps ?? [...plane.stamps.values()].filter((s) => s.region === region).map((s) => s.name);
  send(response, 200, PlansSchema, { region, items: names.map((stamp) => ({ stamp, plan: planOf(plane, stamp, {}), problem: null })) });
};

const cordon = ({ plane, response, id }: Call, reason: string | null): void => {
  const stamp = { ...found(plane.stamps.get(id), `stamp ${id}`), cordoned: reason !== null, cordonReason: reason };
  plane.stamps.set(id, stamp);
  plane.emit(`lapidary.stamp.${reason === null ? 'uncordoned' : 'cordoned'}.v1`, `stamp/${id}`, { stamp });
  send(response, 200, StampSchema, stamp);
};

const createTenant = ({ plane, request, response }: Call): void => {
  const body = check(CreateTenantSchema, request.body);
  if (plane.tenants.has(body.id)) throw new AppError('name_taken', `There is a tenant ${body.id} already`);
  const room = [...plane.stamps.values()].find((s) => s.region === body.region && s.capacity.units - s.used.units >= body.weight);
  const waiting = { status: 'pending' as const, statusReason: `no stamp in ${body.region} has ${body.weight} units free`, placement: null };
  const tenant = aTenant({ ...body, ...(room ? {} : waiting) });
  plane.tenants.set(tenant.id, tenant);
  plane.emit('lapidary.tenant.created.v1', `tenant/${tenant.id}`, { tenant });
  sendTenant(response, 201, tenant);
};

/** Without the reason, which is no part of a tenant. */
const changesIn = ({ plane, request, id }: Call): object => {
  const { labels, residency, hosts } = check(UpdateTenantSchema, request.body);
  const [first] = found(plane.tenants.get(id), `tenant ${id}`).hosts;
  return { ...(labels && { labels }), ...(residency && { residency }), ...(hosts && { hosts: [first, ...hosts] }) };
};

const changeTenant = ({ plane, request, response, id }: Call, change: object): void => {
  const tenant = found(plane.tenants.get(id), `tenant ${id}`);
  const wanted = request.headers['if-match'];
  if (wanted !== undefined && wanted !== `"${tenant.version}"`) throw new AppError('version_conflict');
  const changed = TenantSchema.parse({ ...tenant, ...change, version: tenant.version + 1 });
  plane.tenants.set(id, changed);
  sendTenant(response, 200, changed);
};

const explain = ({ plane, response, id }: Call): void => {
  const tenant = found(plane.tenants.get(id), `tenant ${id}`);
  const decision = aDecision({ tenant: id });
  send(response, 200, ExplanationSchema, anExplanation({ tenant, decision, now: { ...decision, id: 'now' } }));
};

/** The long poll of the real one: at once where there is something, else when something comes or the time is over. */
const jobEvents = async ({ plane, request, response, id }: Call): Promise<void> => {
  const { after, wait } = check(JobEventsQuerySchema, Object.fromEntries(request.query));
  const deadline = Date.now() + wait * 1000;
  const newer = () => (plane.jobEvents.get(id) ?? []).filter((e) => e.sequence > after);
  const isOver = () => newer().length > 0 || finishedJobStatuses.includes(found(plane.jobs.get(id), `job ${id}`).status);
  while (!isOver() && Date.now() < deadline && plane.isUp && !response.destroyed) await plane.change(deadline - Date.now());
  send(response, 200, JobEventsSchema, { items: newer(), job: found(plane.jobs.get(id), `job ${id}`) });
};

const endJob = ({ plane, response, id }: Call, status: 'cancelled' | 'queued'): void => {
  const job = { ...found(plane.jobs.get(id), `job ${id}`), status };
  plane.progress(job, { level: 'warning', message: status === 'cancelled' ? 'cancelled' : 'asked to try again' });
  send(response, 202, JobSchema, plane.jobs.get(id));
};

const resolveLetter = ({ plane, request, response, id }: Call, resolution: 'replayed' | 'dropped'): void => {
  const letter = found(plane.deadLetters.get(id), `dead letter ${id}`);
  const { reason } = resolution === 'dropped' ? check(DropDeadLetterSchema, request.body) : check(ReplayDeadLetterSchema, request.body);
  const resolved = { ...letter, resolution, resolvedAt: new Date().toISOString(), resolvedBy: 'token:admin', reason: reason ?? null };
  plane.deadLetters.set(id, resolved);
  send(response, resolution === 'dropped' ? 200 : 202, DeadLetterSchema, resolved);
};

const route = ({ plane, request, response }: Call): void => {
  const { host } = check(RouteQuerySchema, Object.fromEntries(request.query));
  const tenant = plane.tenants.get(host.split('.')[0] ?? '');
  const ok = tenant?.placement !== null && tenant !== undefined;
  const located = ok ? `${tenant.id} is on ${tenant.placement?.stamp ?? ''} at epoch 1` : 'no tenant answers to this host';
  const rest = ok
    ? { action: 'forward', status: null, code: null, tenant: tenant.id, stamp: 'eu-1', epoch: 1, upstream: 'http://127.0.0.1:4001' }
    : { action: 'refuse', status: 404, code: 'unknown_tenant', tenant: null, stamp: null, epoch: null, upstream: null };
  const steps = [
    { step: 'identify', ok: true, reason: `host ${host}` },
    { step: 'locate', ok, reason: located },
  ];
  send(response, 200, RouteExplanationSchema, {
    router: 'router-eu-a',
    region: 'eu',
    host,
    ...rest,
    steps,
    directory: { source: 'live', cursor: 12, entries: 3, ageMs: 400 },
  });
};

const found = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new AppError('not_found', `There is no ${what}`);
  return value;
};

const check = <T extends z.ZodType>(schema: T, value: unknown): z.infer<T> => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new AppError('invalid_input', 'The input is not valid', {
    fields: result.error.issues.map((i) => ({ path: i.path.map(String).join('.'), message: i.message })),
  });
};
