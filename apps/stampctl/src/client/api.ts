import { newId } from '@lapidary/kernel/ids';
import {
  CapacityDecisionPageSchema,
  CapacityOutlookSchema,
  type CapacityDecision,
  type CapacityOutlook,
} from '@lapidary/contracts/api/capacity';
import { DeadLetterPageSchema, DeadLetterSchema, type DeadLetterView } from '@lapidary/contracts/api/dead-letters';
import { JobEventsSchema, JobPageSchema, JobSchema, waitSecondsMax, type JobEvents, type JobView } from '@lapidary/contracts/api/jobs';
import * as paths from '@lapidary/contracts/api/paths';
import { pageLimitMax } from '@lapidary/contracts/api/common';
import { PlansSchema, ProvisionPlanSchema, type Plans, type PlansRequest, type ProvisionPlan } from '@lapidary/contracts/api/provisioning';
import { RegionPageSchema, type RegionView } from '@lapidary/contracts/api/regions';
import {
  EventDeadLetterDetailSchema,
  EventDeadLetterPageSchema,
  EventDeadLetterSchema,
  GeodeSchema,
  ReplayResultSchema,
  type EventDeadLetterDetail,
  type EventDeadLetterView,
  type GeodeView,
  type ReplayResult,
} from '@lapidary/contracts/api/replication';
import { RetirePlanSchema, type RetirePlan, type RetireStamp } from '@lapidary/contracts/api/retirement';
import { RouteExplanationSchema, routeTokenHeader, type RouteExplanation } from '@lapidary/contracts/api/routing';
import { StampPageSchema, StampSchema, type ProvisionRequest, type StampView } from '@lapidary/contracts/api/stamps';
import { VersionSchema } from '@lapidary/contracts/api/system';
import {
  ExplanationSchema,
  TenantPageSchema,
  TenantSchema,
  type CreateTenant,
  type Explanation,
  type TenantView,
  type UpdateTenant,
} from '@lapidary/contracts/api/tenants';
import { z } from 'zod';
import type { Answer, HttpClient } from './http-client.js';

/** More than the longest wait of a long poll: the answer needs time for the way back. */
const longPollMarginMs = 15_000;

/** More than the control plane gives its planner, so that its answer, also "timeout", comes first. */
const planTimeoutMs = 150_000;

const WhoAmISchema = z.object({ actor: z.string(), bindings: z.array(z.object({ role: z.string(), region: z.string() })) });

type Query = Readonly<Record<string, string | number | undefined>>;
interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
}

/** The calls that commands make; each answer is checked by the contract's schema. */
export class Api {
  constructor(readonly http: HttpClient) {}

  async version(attempts?: number): Promise<Answer<z.infer<typeof VersionSchema>>> {
    return this.http.request('GET', paths.versionPath, { schema: VersionSchema, attempts });
  }

  /** Who the token stands for; what the console calls a session. */
  async whoAmI(): Promise<{ readonly actor: string; readonly bindings: readonly { readonly role: string; readonly region: string }[] }> {
    return (await this.http.request('GET', paths.sessionPath, { schema: WhoAmISchema })).value;
  }

  async regions(): Promise<RegionView[]> {
    return (await this.all(paths.regionsPath, RegionPageSchema, {}, Infinity)).items;
  }

  async stamps(query: Query = {}, limit = Infinity): Promise<Page<StampView>> {
    return this.all(paths.stampsPath, StampPageSchema, query, limit);
  }

  async stamp(name: string): Promise<StampView> {
    return (await this.http.request('GET', paths.stampPath(name), { schema: StampSchema })).value;
  }

  async provision(name: string, body: ProvisionRequest): Promise<JobView> {
    return this.post(paths.provisionPath(name), JobSchema, body);
  }

  /** What a provision would do; nothing is written. */
  async planProvision(name: string, body: ProvisionRequest): Promise<ProvisionPlan> {
    return this.reckon(paths.planPath(name), ProvisionPlanSchema, body);
  }

  async plan(name: string): Promise<ProvisionPlan> {
    return (await this.http.request('GET', paths.planPath(name), { schema: ProvisionPlanSchema, timeoutMs: planTimeoutMs })).value;
  }

  async plans(body: PlansRequest): Promise<Plans> {
    return this.reckon(paths.plansPath, PlansSchema, body);
  }

  /** Answered by the region itself, wherever it is asked. */
  async capacity(region: string): Promise<CapacityOutlook> {
    return (await this.http.request('GET', paths.capacityPath(region), { schema: CapacityOutlookSchema })).value;
  }

  async capacityDecisions(region: string, limit: number): Promise<Page<CapacityDecision>> {
    return this.all(paths.capacityDecisionsPath(region), CapacityDecisionPageSchema, {}, limit);
  }

  async planRetirement(name: string): Promise<RetirePlan> {
    return (await this.http.request('GET', paths.retirementPath(name), { schema: RetirePlanSchema })).value;
  }

  async retire(name: string, body: RetireStamp): Promise<JobView> {
    return this.post(paths.retirePath(name), JobSchema, body);
  }

  async cordon(name: string, reason: string): Promise<StampView> {
    return this.post(paths.cordonPath(name), StampSchema, { reason });
  }

  async uncordon(name: string, reason: string | undefined): Promise<StampView> {
    return this.post(paths.uncordonPath(name), StampSchema, { reason });
  }

  async tenants(query: Query = {}, limit = Infinity): Promise<Page<TenantView>> {
    return this.all(paths.tenantsPath, TenantPageSchema, query, limit);
  }

  async tenant(id: string): Promise<Answer<TenantView>> {
    return this.http.request('GET', paths.tenantPath(id), { schema: TenantSchema });
  }

  async createTenant(body: CreateTenant): Promise<TenantView> {
    return this.post(paths.tenantsPath, TenantSchema, body);
  }

  /** Changes only the version that was read. */
  async updateTenant(id: string, etag: string | null, body: UpdateTenant): Promise<TenantView> {
    return (await this.http.request('PATCH', paths.tenantPath(id), { schema: TenantSchema, body, ifMatch: etag ?? undefined })).value;
  }

  async suspendTenant(id: string, reason: string): Promise<TenantView> {
    return this.post(paths.tenantSuspendPath(id), TenantSchema, { reason });
  }

  async resumeTenant(id: string, reason: string | undefined): Promise<TenantView> {
    return this.post(paths.tenantResumePath(id), TenantSchema, { reason });
  }

  async explain(id: string): Promise<Explanation> {
    return (await this.http.request('GET', paths.tenantExplainPath(id), { schema: ExplanationSchema })).value;
  }

  /** Deletes only the version that was read: null where the server answers without a body. */
  async deleteTenant(id: string, etag: string | null): Promise<TenantView | null> {
    const options = { schema: TenantSchema.nullable(), idempotencyKey: newId(), ifMatch: etag ?? undefined };
    return (await this.http.request('DELETE', paths.tenantPath(id), options)).value;
  }

  async jobs(query: Query = {}, limit = Infinity): Promise<Page<JobView>> {
    return this.all(paths.jobsPath, JobPageSchema, query, limit);
  }

  async job(id: string): Promise<JobView> {
    return (await this.http.request('GET', paths.jobPath(id), { schema: JobSchema })).value;
  }

  /** Long poll: one try only, the caller tells the user while it tries again. */
  async jobEvents(id: string, after: number, waitSeconds: number = waitSecondsMax): Promise<JobEvents> {
    const options = {
      schema: JobEventsSchema,
      query: { after, wait: waitSeconds },
      attempts: 1,
      timeoutMs: waitSeconds * 1000 + longPollMarginMs,
    };
    return (await this.http.request('GET', paths.jobEventsPath(id), options)).value;
  }

  async cancelJob(id: string, options: { readonly force: boolean; readonly reason: string | undefined }): Promise<JobView> {
    return this.post(paths.jobCancelPath(id), JobSchema, options);
  }

  async retryJob(id: string): Promise<JobView> {
    return this.post(paths.jobRetryPath(id), JobSchema, {});
  }

  async deadLetters(query: Query, limit: number): Promise<Page<DeadLetterView>> {
    return this.all(paths.deadLettersPath, DeadLetterPageSchema, query, limit);
  }

  async deadLetter(id: string): Promise<DeadLetterView> {
    return (await this.http.request('GET', paths.deadLetterPath(id), { schema: DeadLetterSchema })).value;
  }

  async replayDeadLetter(id: string, reason: string | undefined): Promise<DeadLetterView> {
    return this.post(paths.deadLetterReplayPath(id), DeadLetterSchema, { reason });
  }

  async dropDeadLetter(id: string, reason: string): Promise<DeadLetterView> {
    return this.post(paths.deadLetterDropPath(id), DeadLetterSchema, { reason });
  }

  /** `token`: a JSON Web Token that the request would have. */
  async route(host: string, path: string, region: string | undefined, token?: string): Promise<RouteExplanation> {
    const headers = token === undefined ? undefined : { [routeTokenHeader]: token };
    return (await this.http.request('GET', paths.routePath, { schema: RouteExplanationSchema, query: { host, path, region }, headers }))
      .value;
  }

  async geode(region: string | undefined): Promise<GeodeView> {
    return (await this.http.request('GET', paths.geodePath, { schema: GeodeSchema, query: { region } })).value;
  }

  async eventDeadLetters(query: Query = {}, limit = Infinity): Promise<Page<EventDeadLetterView>> {
    return this.all(paths.eventDeadLettersPath, EventDeadLetterPageSchema, query, limit);
  }

  async eventDeadLetter(id: string): Promise<EventDeadLetterDetail> {
    return (await this.http.request('GET', paths.eventDeadLetterPath(id), { schema: EventDeadLetterDetailSchema })).value;
  }

  async replayEventDeadLetter(id: string, dryRun: boolean): Promise<ReplayResult> {
    return this.post(`${paths.eventDeadLetterReplayPath(id)}?dryRun=${dryRun}`, ReplayResultSchema, {});
  }

  async dropEventDeadLetter(id: string, reason: string): Promise<EventDeadLetterView> {
    return this.post(paths.eventDeadLetterDropPath(id), EventDeadLetterSchema, { reason });
  }

  /** A POST that writes nothing and may take its time. */
  private async reckon<T>(path: string, schema: z.ZodType<T>, body: unknown): Promise<T> {
    return (await this.http.request('POST', path, { schema, body, timeoutMs: planTimeoutMs })).value;
  }

  /** Every POST carries a fresh Idempotency-Key, so that a try whose answer was lost is repeated without a second effect. */
  async post<T>(path: string, schema: z.ZodType<T>, body: unknown): Promise<T> {
    return (await this.http.request('POST', path, { schema, body, idempotencyKey: newId() })).value;
  }

  /** Reads page after page until `limit` items or the end. */
  async all<T>(path: string, schema: z.ZodType<Page<T>>, query: Query, limit: number): Promise<Page<T>> {
    const items: T[] = [];
    let next: string | null = null;
    for await (const page of this.pages(path, schema, query, limit)) {
      items.push(...page.items);
      next = page.next;
    }
    return { items, next };
  }

  /** One page after the other, each asked for once the one before was taken: of lists that no memory should hold. */
  async *pages<T>(path: string, schema: z.ZodType<Page<T>>, query: Query, limit = Infinity): AsyncGenerator<Page<T>> {
    let left = limit;
    let cursor: string | undefined;
    do {
      const page = { ...query, limit: Math.min(pageLimitMax, left), cursor };
      const { value } = await this.http.request('GET', path, { schema, query: page });
      yield value;
      left -= value.items.length;
      cursor = value.next ?? undefined;
    } while (cursor !== undefined && left > 0);
  }
}
