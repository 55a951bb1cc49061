import { DriftRunSchema, type DriftRunView } from '@lapidary/contracts/api/drift';
import { IntentSchema, type IntentView } from '@lapidary/contracts/api/intents';
import { JobSchema, type JobView } from '@lapidary/contracts/api/jobs';
import * as paths from '@lapidary/contracts/api/paths';
import { RolloutSchema, type RolloutVerb, type RolloutView } from '@lapidary/contracts/api/rollouts';
import { TenantSchema, type TenantView } from '@lapidary/contracts/api/tenants';
import { StampSchema, type StampView } from '@lapidary/contracts/api/stamps';
import { z } from 'zod';
import { deleteJson, patchJson, postJson } from './client.js';
import { SessionSchema } from './queries.js';

export const beginSession = (token: string): Promise<z.infer<typeof SessionSchema>> =>
  postJson(paths.sessionPath, SessionSchema, { token });
export const endSession = (): Promise<unknown> => deleteJson(paths.sessionPath, z.unknown());

export const cordonStamp = (name: string, reason: string): Promise<StampView> => postJson(paths.cordonPath(name), StampSchema, { reason });
export const uncordonStamp = (name: string): Promise<StampView> => postJson(paths.uncordonPath(name), StampSchema, {});
export const suspendTenant = (id: string, reason: string): Promise<TenantView> =>
  postJson(paths.tenantSuspendPath(id), TenantSchema, { reason });
export const resumeTenant = (id: string, reason: string): Promise<TenantView> =>
  postJson(paths.tenantResumePath(id), TenantSchema, reason === '' ? {} : { reason });
export const provisionStamp = (name: string): Promise<JobView> => postJson(paths.provisionPath(name), JobSchema, {});
export const cancelJob = (id: string): Promise<JobView> => postJson(paths.jobCancelPath(id), JobSchema, {});
export const retryJob = (id: string): Promise<JobView> => postJson(paths.jobRetryPath(id), JobSchema, {});
export const commandRollout = (id: string, verb: RolloutVerb, reason: string | undefined): Promise<RolloutView> =>
  postJson(paths.rolloutVerbPath(id, verb), RolloutSchema, reason === undefined ? {} : { reason });
export const cancelIntent = (id: string, reason: string): Promise<IntentView> =>
  postJson(paths.intentCancelPath(id), IntentSchema, { reason });
export const lookForDrift = (region: string | undefined): Promise<DriftRunView> =>
  postJson(paths.driftRunsPath, DriftRunSchema, region === undefined ? {} : { region });
/** Replaces the names beside the default one, at the version of the tenant that was read. */
export const changeHosts = (tenant: TenantView, hosts: readonly string[], reason: string): Promise<TenantView> =>
  patchJson(paths.tenantPath(tenant.id), TenantSchema, { hosts, reason }, tenant.version);
