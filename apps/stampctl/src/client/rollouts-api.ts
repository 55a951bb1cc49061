import * as paths from '@lapidary/contracts/api/paths';
import {
  GivenUpRolloutSchema,
  RolloutEventsSchema,
  RolloutPageSchema,
  RolloutPlanSchema,
  RolloutSchema,
  VersionSkewSchema,
  type GivenUpRollout,
  type RolloutEvents,
  type RolloutPlan,
  type RolloutVerb,
  type RolloutView,
  type StartRollout,
  type VersionSkew,
} from '@lapidary/contracts/api/rollouts';
import { pageLimitMax } from '@lapidary/contracts/api/common';
import { newId } from '@lapidary/kernel/ids';
import type { HttpClient } from './http-client.js';

/** The calls about roll-outs. Every POST carries a fresh Idempotency-Key, so that a lost answer is no second roll-out. */
export class RolloutsApi {
  constructor(private readonly http: HttpClient) {}

  async list(query: { readonly status?: string | undefined }, limit: number): Promise<{ items: RolloutView[]; next: string | null }> {
    const options = { schema: RolloutPageSchema, query: { ...query, limit: Math.min(limit, pageLimitMax) } };
    return (await this.http.request('GET', paths.rolloutsPath, options)).value;
  }

  async show(id: string): Promise<RolloutView> {
    return (await this.http.request('GET', paths.rolloutPath(id), { schema: RolloutSchema })).value;
  }

  async events(id: string, after: number): Promise<RolloutEvents> {
    return (await this.http.request('GET', paths.rolloutEventsPath(id), { schema: RolloutEventsSchema, query: { after } })).value;
  }

  async plan(body: StartRollout): Promise<RolloutPlan> {
    const options = { schema: RolloutPlanSchema, body, query: { dryRun: 'true' }, idempotencyKey: newId() };
    return (await this.http.request('POST', paths.rolloutsPath, options)).value;
  }

  async start(body: StartRollout): Promise<RolloutView> {
    return (await this.http.request('POST', paths.rolloutsPath, { schema: RolloutSchema, body, idempotencyKey: newId() })).value;
  }

  async tell(id: string, verb: RolloutVerb, reason: string | undefined): Promise<RolloutView> {
    const options = { schema: RolloutSchema, body: reason === undefined ? {} : { reason }, idempotencyKey: newId() };
    return (await this.http.request('POST', paths.rolloutVerbPath(id, verb), options)).value;
  }

  async giveUp(id: string, reason: string | undefined): Promise<GivenUpRollout> {
    const options = { schema: GivenUpRolloutSchema, body: reason === undefined ? {} : { reason }, idempotencyKey: newId() };
    return (await this.http.request('POST', paths.rolloutGiveUpPath(id), options)).value;
  }

  async versions(): Promise<VersionSkew> {
    return (await this.http.request('GET', paths.versionSkewPath, { schema: VersionSkewSchema })).value;
  }
}
