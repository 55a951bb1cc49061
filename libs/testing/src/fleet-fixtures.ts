import { newJobId } from '@lapidary/kernel/ids';
import { CapacityOutlookSchema, type CapacityOutlook } from '@lapidary/contracts/api/capacity';
import { DeadLetterSchema, type DeadLetterView } from '@lapidary/contracts/api/dead-letters';
import { JobSchema, type JobView } from '@lapidary/contracts/api/jobs';
import type { ProvisionPlan } from '@lapidary/contracts/api/provisioning';
import { RegionSchema, type RegionView } from '@lapidary/contracts/api/regions';
import { StampSchema, type StampView } from '@lapidary/contracts/api/stamps';
import {
  ExplanationSchema,
  TenantSchema,
  type CreateTenant,
  type Decision,
  type Explanation,
  type TenantView,
} from '@lapidary/contracts/api/tenants';

/** Whole objects of the contract from the few facts that a test cares about, checked by the contract's own schemas. */
const now = (): string => new Date().toISOString();

export const aRegion = (given: Partial<RegionView> = {}): RegionView =>
  RegionSchema.parse({
    name: 'eu',
    displayName: 'Europe (Ireland)',
    jurisdiction: 'eu',
    location: { latitude: 53.3, longitude: -6.3 },
    local: true,
    stamps: 1,
    tenants: 1,
    pending: 0,
    capacity: { units: 100 },
    used: { units: 40 },
    link: { state: 'self', appliedSequence: 0, lagMs: null, cutSince: null },
    ...given,
  });

export const aStamp = (given: Partial<StampView> = {}): StampView =>
  StampSchema.parse({
    name: 'eu-1',
    region: 'eu',
    status: 'active',
    cordoned: false,
    cordonReason: null,
    health: 'healthy',
    lastHeartbeatAt: now(),
    ring: 'broad',
    profile: 'small',
    isolation: 'pooled',
    driver: 'local',
    templateVersion: '1.0.0',
    workloadVersion: '1.0.0',
    capacity: { units: 100 },
    used: { units: 40 },
    reserved: { units: 0 },
    tenants: 1,
    epoch: 3,
    frontDoors: ['http://127.0.0.1:4001'],
    labels: {},
    specDigest: 'a'.repeat(64),
    version: 1,
    createdAt: now(),
    updatedAt: now(),
    ...given,
  });

export const aTenant = (given: Partial<TenantView> & Partial<CreateTenant> = {}): TenantView =>
  TenantSchema.parse({
    id: 'acme',
    region: 'eu',
    status: 'placed',
    statusReason: null,
    weight: 1,
    residency: ['eu'],
    tier: 'pooled',
    labels: {},
    hosts: [`${given.id ?? 'acme'}.lapidary.localhost`],
    placement: { stamp: 'eu-1', epoch: 1, units: given.weight ?? 1, decidedAt: now(), servingAt: now() },
    version: 1,
    createdAt: now(),
    updatedAt: now(),
    ...given,
  });

export const provisionSteps = [
  ['check', 'Check the spec'],
  ['preview', 'Preview the template'],
  ['realise', 'Create the resources'],
  ['register', 'Wait for the agent to register'],
] as const;

export const aJob = (given: Partial<JobView> = {}): JobView =>
  JobSchema.parse({
    id: newJobId('eu'),
    region: 'eu',
    kind: 'provision',
    subject: 'eu-2',
    status: 'queued',
    attempt: 1,
    steps: provisionSteps.map(([name, title]) => ({
      name,
      title,
      status: 'pending',
      attempts: 0,
      startedAt: null,
      finishedAt: null,
      message: null,
    })),
    summary: null,
    error: null,
    requestedBy: 'token:admin',
    createdAt: now(),
    startedAt: null,
    finishedAt: null,
    lastEventSequence: 0,
    ...given,
  });

export const anOutlook = (given: Partial<CapacityOutlook> = {}): CapacityOutlook =>
  CapacityOutlookSchema.parse({
    region: 'eu',
    policy: { mode: 'suggest' },
    figures: {
      stamps: 1,
      units: { total: 100, free: 60 },
      headroomPercent: 60,
      pending: { tenants: 0, units: 0, unfitUnits: 0, tooLarge: [] },
      netUnitsPerDay: 4,
      daysToFull: 15,
      leadTimeDays: 0.0625,
      buildSamples: 3,
      monthlyCostUsd: null,
    },
    verdict: {
      action: 'none',
      trigger: null,
      blockedBy: null,
      stamp: null,
      isolation: null,
      reason: '60 of 100 units are free (60 %), full in 15 days',
    },
    last: null,
    ...given,
  });

export const aDeadLetter = (given: Partial<DeadLetterView> = {}): DeadLetterView =>
  DeadLetterSchema.parse({
    id: newJobId('eu'),
    region: 'eu',
    job: newJobId('eu'),
    kind: 'provision',
    subject: 'eu-2',
    cause: 'workers_died',
    message: '10 workers in a row were lost over it, the last one in the step "apply"',
    step: 'apply',
    attempts: 10,
    payload: null,
    deadAt: now(),
    resolution: null,
    resolvedAt: null,
    resolvedBy: null,
    reason: null,
    ...given,
  });

export const aDecision = (given: Partial<Decision> = {}): Decision => ({
  id: 'd1',
  tenant: 'acme',
  outcome: 'placed',
  chosen: 'eu-1',
  epoch: 1,
  summary: 'acme (1 unit) goes to eu-1: the best of 1 possible stamps',
  at: now(),
  candidates: [
    {
      stamp: 'eu-1',
      region: 'eu',
      eligible: true,
      rules: [
        { rule: 'residency', pass: true, reason: 'eu is within the residency [eu]' },
        { rule: 'capacity', pass: true, reason: '60 of 100 units are free, 1 is needed' },
      ],
      scores: [
        { score: 'headroom', value: 60, weight: 0.5, reason: '60 % of the units stay free' },
        { score: 'home', value: 100, weight: 0.25, reason: 'in the home region' },
      ],
      total: 73.33,
    },
    {
      stamp: 'us-1',
      region: 'us',
      eligible: false,
      rules: [
        {
          rule: 'residency',
          pass: false,
          reason: 'us lies in the jurisdiction us, and the tenant may live in [eu] only, which a placement never overrides (I3)',
        },
        { rule: 'capacity', pass: true, reason: '90 of 100 units are free, 1 is needed' },
      ],
      scores: [],
      total: null,
    },
  ],
  ...given,
});

export const anExplanation = (given: Partial<Explanation> = {}): Explanation =>
  ExplanationSchema.parse({ tenant: aTenant(), decision: aDecision(), now: aDecision({ id: 'now' }), ...given });

export type ResourcePlan = Pick<
  ProvisionPlan,
  'engine' | 'simulated' | 'resources' | 'unchanged' | 'policy' | 'monthlyCost' | 'approvalsNeeded'
>;

/** What a plan says beside the spec; without anything given: no changes. */
export const aResourcePlan = (given: Partial<ResourcePlan> = {}): ResourcePlan => ({
  engine: 'embedded',
  simulated: false,
  resources: [],
  unchanged: 7,
  policy: [],
  monthlyCost: null,
  approvalsNeeded: [],
  ...given,
});
