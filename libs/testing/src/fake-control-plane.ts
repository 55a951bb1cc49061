import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, toAppError } from '@lapidary/kernel/app-error';
import type { CapacityDecision, CapacityOutlook } from '@lapidary/contracts/api/capacity';
import type { DeadLetterView } from '@lapidary/contracts/api/dead-letters';
import type { FindingView, SuppressionView } from '@lapidary/contracts/api/drift';
import type { JobEventView, JobView } from '@lapidary/contracts/api/jobs';
import type { RegionView } from '@lapidary/contracts/api/regions';
import type { StampView } from '@lapidary/contracts/api/stamps';
import type { LiveEvent } from '@lapidary/contracts/api/system';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { answerApi } from './fake-api-routes.js';
import { aJob, anOutlook, aRegion, aStamp, aTenant, type ResourcePlan } from './fleet-fixtures.js';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** Answers a request in place of the fake; returns false to let the fake answer after all. */
export type Interception = (request: SeenRequest, response: ServerResponse) => boolean | Promise<boolean>;

/**
 * A control plane by contract and in memory, for tests of its clients: the paths, schemas, error shapes, long poll,
 * event stream and session of the real one, without its database. Failures are injected by `intercept`; `down` and `up`
 * kill and restart it on the same port.
 */
export class FakeControlPlane {
  readonly token = 'fake-admin-token-0123456789';
  readonly regions: RegionView[] = [
    aRegion(),
    aRegion({
      name: 'us',
      displayName: 'US East (Virginia)',
      jurisdiction: 'us',
      local: false,
      location: { latitude: 38.9, longitude: -77.4 },
      used: { units: 10 },
      link: { state: 'connected', appliedSequence: 17, lagMs: 12, cutSince: null },
    }),
  ];
  readonly stamps = new Map<string, StampView>(
    [aStamp(), aStamp({ name: 'us-1', region: 'us', used: { units: 10 } })].map((s) => [s.name, s]),
  );
  readonly tenants = new Map<string, TenantView>([['acme', aTenant()]]);
  /** What the plan of a stamp says of its resources; without an entry there are no changes. */
  readonly planned = new Map<string, Partial<ResourcePlan>>();
  readonly jobs = new Map<string, JobView>();
  readonly findings = new Map<string, FindingView>();
  readonly suppressions = new Map<string, SuppressionView>();
  readonly capacity = new Map<string, CapacityOutlook>(['eu', 'us'].map((region) => [region, anOutlook({ region })]));
  readonly capacityDecisions: CapacityDecision[] = [];
  readonly deadLetters = new Map<string, DeadLetterView>();
  readonly jobEvents = new Map<string, JobEventView[]>();
  readonly seen: SeenRequest[] = [];
  readonly live: LiveEvent[] = [];
  intercept: Interception | null = null;
  /** Called once a provisioning job is accepted; tests drive the job from there. */
  onProvision: (job: JobView) => void = () => undefined;
  private server: Server | null = null;
  private port = 0;
  private readonly streams = new Set<ServerResponse>();
  private readonly waiters = new Set<() => void>();

  constructor(private readonly serveStatic: ((path: string, response: ServerResponse) => boolean) | null = null) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get isUp(): boolean {
    return this.server !== null;
  }

  async up(): Promise<this> {
    const server = createServer((request, response) => void this.handle(request, response));
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  /** As kill -9 would: connections are cut in the middle of whatever they carry. */
  async down(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    this.streams.clear();
    for (const wake of [...this.waiters]) wake();
    await closed;
  }

  /** Commits a job's progress and wakes whoever waits for it. */
  progress(
    job: JobView,
    ...events: { step?: string | null; level?: JobEventView['level']; message: string; data?: Record<string, unknown> }[]
  ): void {
    const list = this.jobEvents.get(job.id) ?? [];
    for (const event of events) {
      const full = { job: job.id, sequence: list.length + 1, at: new Date().toISOString(), level: 'info' as const, step: null, ...event };
      list.push(full);
    }
    const next = { ...job, lastEventSequence: list.length };
    this.jobEvents.set(job.id, list);
    this.jobs.set(job.id, next);
    for (const wake of [...this.waiters]) wake();
    for (const event of list.slice(-events.length)) this.emit('lapidary.job.progressed.v1', `job/${job.id}`, { job: next, event });
    if (events.length === 0) this.emit('lapidary.job.changed.v1', `job/${job.id}`, { job: next });
  }

  /** Sends a live event to every console that listens. */
  emit(type: string, subject: string, data: Record<string, unknown>): void {
    const event = { id: `eu-1-${this.live.length + 1}`, region: 'eu', type, subject, at: new Date().toISOString(), data };
    this.live.push(event);
    for (const stream of this.streams) sendEvent(stream, event);
  }

  reset(): void {
    for (const stream of this.streams) stream.write('event: lapidary.reset\ndata: {}\n\n');
  }

  openJob(subject: string, kind: JobView['kind'] = 'provision'): JobView {
    const job = aJob({ subject, kind });
    this.jobs.set(job.id, job);
    this.jobEvents.set(job.id, []);
    return job;
  }

  /** Until something is committed, or the time is over. */
  async change(ms: number): Promise<void> {
    await new Promise<void>((done) => {
      const timer = setTimeout(() => finish(), ms);
      const finish = (): void => {
        clearTimeout(timer);
        this.waiters.delete(finish);
        done();
      };
      this.waiters.add(finish);
    });
  }

  stream(request: SeenRequest, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': hello\n\n');
    const last = request.headers['last-event-id'];
    const from = this.live.findIndex((e) => e.id === last) + 1;
    if (typeof last === 'string') for (const event of this.live.slice(from)) sendEvent(response, event);
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }

  private async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? '/', this.url);
    try {
      const request = {
        method: message.method ?? 'GET',
        path: url.pathname,
        query: url.searchParams,
        headers: message.headers,
        body: await bodyOf(message),
      };
      this.seen.push(request);
      if (this.intercept && (await this.intercept(request, response))) return;
      if (!request.path.startsWith('/v1/') && this.serveStatic?.(request.path, response)) return;
      await answerApi(this, request, response);
    } catch (error) {
      if (response.headersSent || response.destroyed) return;
      refuse(response, toAppError(error));
    }
  }
}

/** Answers as the control plane's problem filter does. */
export const refuse = (response: ServerResponse, error: AppError): void => {
  const { entry, code, fields, details } = error;
  const body = {
    type: `/docs/runbooks/${code}`,
    title: entry.title,
    status: entry.status,
    detail: error.message,
    code,
    check: entry.check,
    retry: entry.retry,
    requestId: 'req-1',
    fields,
    details,
  };
  response.writeHead(entry.status, { 'content-type': 'application/problem+json', 'x-request-id': 'req-1' }).end(JSON.stringify(body));
};

const sendEvent = (stream: ServerResponse, event: LiveEvent): void => {
  stream.write(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
};

const bodyOf = async (message: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  if (chunks.length === 0) return null;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new AppError('invalid_input', 'The body is not JSON');
  }
};
