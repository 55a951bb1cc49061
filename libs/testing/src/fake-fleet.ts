import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CapacityDecision, CapacityOutlook } from '@lapidary/contracts/api/capacity';
import type { DeadLetterView } from '@lapidary/contracts/api/dead-letters';
import type { FindingView, SuppressionView } from '@lapidary/contracts/api/drift';
import type { JobEventView, JobView } from '@lapidary/contracts/api/jobs';
import type { RegionView } from '@lapidary/contracts/api/regions';
import type { StampView } from '@lapidary/contracts/api/stamps';
import type { LiveEvent } from '@lapidary/contracts/api/system';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { aJob, anOutlook, aRegion, aStamp, aTenant, type ResourcePlan } from './fleet-fixtures.js';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** What a fake control plane knows, who listens to it, and who waits for a change of it. Its routes read and write this. */
export class FakeFleet {
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
  readonly live: LiveEvent[] = [];
  /** Called once a provisioning job is accepted; tests drive the job from there. */
  onProvision: (job: JobView) => void = () => undefined;
  /** False while it is killed: whoever waits for a change goes without. */
  isUp = false;
  protected readonly streams = new Set<ServerResponse>();
  protected readonly waiters = new Set<() => void>();

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
}

const sendEvent = (stream: ServerResponse, event: LiveEvent): void => {
  stream.write(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
};
