import { z } from 'zod';
import { rolloutIdPattern } from '@lapidary/kernel/names';
import { JobIdSchema, PageQuerySchema, pageOf, RegionNameSchema, StampNameSchema, TimeSchema } from './common.js';
import { JobSchema } from './jobs.js';
import { rings } from './stamps.js';

export const RolloutIdSchema = z
  .string()
  .regex(rolloutIdPattern, 'a roll-out id is <region>.<ULID>')
  .meta({ description: 'Roll-out id, <region>.<ULID>; the region coordinates it' });

export const rolloutKinds = ['workload', 'template'] as const;
export const rolloutStatuses = [
  'running',
  'paused',
  'halting',
  'halted',
  'aborting',
  'aborted',
  'rolling_back',
  'rolled_back',
  'completed',
] as const;
/** Not at their end: one at a time in a fleet. */
export const openRolloutStatuses: readonly string[] = ['running', 'paused', 'halting', 'aborting', 'rolling_back'];
export const waveStatuses = ['pending', 'awaiting', 'changing', 'soaking', 'passed', 'failed', 'reverted', 'skipped'] as const;
export const memberStatuses = [
  'waiting',
  'changing',
  'soaking',
  'passed',
  'failed',
  'reverting',
  'reverted',
  'stuck',
  'skipped',
  'dropped',
] as const;

/** A month; whoever soaks longer has forgotten the roll-out. */
const secondsMax = 30 * 86_400;
const seconds = (standard: number, description: string) => z.number().min(0).max(secondsMax).default(standard).meta({ description });
const share = (standard: number, description: string) => z.number().min(0).max(1).default(standard).meta({ description });

/** One wave as it is asked for: a ring, or the first part of one. */
export const WavePlanSchema = z.strictObject({
  ring: z.enum(rings),
  percent: z.number().int().min(1).max(100).default(100).meta({ description: 'Of the ring’s stamps, those of earlier waves included' }),
  approval: z.boolean().default(false).meta({ description: 'Starts only when somebody approves it' }),
});

/** What a version must keep to, and how it is let in. Every figure can be changed per roll-out. */
export const RolloutPolicySchema = z
  .strictObject({
    waves: z
      .array(WavePlanSchema)
      .min(1)
      .max(20)
      .default([
        { ring: 'canary', percent: 100, approval: false },
        { ring: 'early', percent: 100, approval: false },
        { ring: 'broad', percent: 50, approval: false },
        { ring: 'broad', percent: 100, approval: false },
      ])
      .meta({ description: 'In this order; rings that are left out keep what they have' }),
    concurrencyMax: z.number().int().min(1).max(50).default(2).meta({ description: 'Stamps being changed at once' }),
    failuresMax: z
      .number()
      .int()
      .min(0)
      .max(50)
      .default(0)
      .meta({ description: 'Failure budget: stamps of one wave that may fail without halting it' }),
    settleSeconds: seconds(6, 'Traffic within it after a change is left out: what the restart itself broke is not the version’s fault'),
    soakSeconds: seconds(600, 'How long each changed stamp is watched before its wave can pass'),
    patienceSeconds: seconds(3_600, 'How long a wave may wait beyond that for a verdict; then the roll-out pauses for a person'),
    unhealthySeconds: seconds(30, 'How long a changed stamp may be unhealthy or report another version'),
    confirmSeconds: seconds(15, 'How long a failing comparison must last before it counts'),
    requestsMin: z.number().int().min(1).max(10_000_000).default(200).meta({ description: 'Fewer requests in a group are not judged' }),
    whenUnjudged: z
      .enum(['wait', 'pass'])
      .default('wait')
      .meta({ description: 'What becomes of a wave that has soaked, is healthy, and had too few requests to be judged' }),
    errorShareMax: share(0.05, 'Absolute limit of the share of failed requests'),
    errorShareIncreaseMin: share(0.01, 'A smaller increase over the control group is let pass, however certain'),
    latencyP95MaxMs: z.number().min(1).max(600_000).default(2_000).meta({ description: 'Absolute limit of the 95th percentile' }),
    latencyRatioMax: z.number().min(1).max(100).default(1.5).meta({ description: 'How much slower than the control group' }),
    latencyIncreaseMinMs: z.number().min(0).max(600_000).default(25).meta({ description: 'A smaller increase is let pass' }),
    significance: z
      .number()
      .min(1e-9)
      .max(0.5)
      .default(0.001)
      .meta({ description: 'Probability with which chance alone may explain a difference that counts' }),
  })
  .meta({ id: 'RolloutPolicy' });
export type RolloutPolicy = z.infer<typeof RolloutPolicySchema>;

/** As it is told: a figure that a newer version added is ignored by an older one, and its event stays readable (P-SC1). */
export const ToldPolicySchema = z
  .object({ ...RolloutPolicySchema.shape, waves: z.array(z.object(WavePlanSchema.shape)) })
  .meta({ id: 'ToldRolloutPolicy' });

export const StartRolloutSchema = z
  .strictObject({
    workload: z.strictObject({ version: z.string().min(1).max(100) }).optional(),
    template: z.strictObject({ version: z.string().min(1).max(100) }).optional(),
    regions: z.array(RegionNameSchema).min(1).max(50).optional().meta({ description: 'Left out: every region' }),
    policy: RolloutPolicySchema.partial().optional(),
    reason: z.string().min(1).max(500).optional(),
  })
  .refine((r) => (r.workload === undefined) !== (r.template === undefined), {
    path: ['workload'],
    message: 'either workload or template, not both',
  })
  .meta({ id: 'StartRollout' });
export type StartRollout = z.infer<typeof StartRolloutSchema>;

export const StartRolloutQuerySchema = z.object({
  dryRun: z.stringbool().default(false).meta({ description: 'Only plan the waves' }),
});

export const measures = ['errors', 'latency', 'health'] as const;
export const checkOutcomes = ['pass', 'fail', 'hold', 'unjudged'] as const;

/** One comparison, with the figures that decided. */
export const CheckSchema = z.object({
  measure: z.enum(measures),
  outcome: z.enum(checkOutcomes).meta({
    description: 'hold: over a limit, but the control group is too, so it is not the roll-out’s fault; unjudged: too little to go by',
  }),
  why: z.string(),
  changed: z.number().nullable(),
  control: z.number().nullable(),
  /** Requests of each group. */
  samples: z.object({ changed: z.number().int(), control: z.number().int() }),
  probability: z.number().nullable().meta({ description: 'That chance alone explains the difference' }),
});
export type Check = z.infer<typeof CheckSchema>;

export const VerdictSchema = z.object({
  outcome: z.enum(['passed', 'failed', 'accepted']).meta({ description: 'accepted: by a person, without enough to go by' }),
  at: TimeSchema,
  why: z.string(),
  checks: z.array(CheckSchema),
});
export type Verdict = z.infer<typeof VerdictSchema>;

export const RolloutWaveSchema = z.object({
  name: z.string().meta({ description: 'The ring, with a number where it has several waves' }),
  ring: z.enum(rings),
  status: z.enum(waveStatuses),
  approval: z.boolean(),
  approvedBy: z.string().nullable(),
  startedAt: TimeSchema.nullable(),
  finishedAt: TimeSchema.nullable(),
  /** As of the last look, while it is observed. */
  checks: z.array(CheckSchema),
  verdict: VerdictSchema.nullable(),
});
export type RolloutWave = z.infer<typeof RolloutWaveSchema>;

export const RolloutMemberSchema = z.object({
  stamp: StampNameSchema,
  region: RegionNameSchema,
  wave: z.string(),
  status: z.enum(memberStatuses),
  fromVersion: z.string().nullable(),
  job: JobIdSchema.nullable(),
  changedAt: TimeSchema.nullable(),
  message: z.string().nullable(),
});
export type RolloutMember = z.infer<typeof RolloutMemberSchema>;

/** A roll-out that was given up in another region than the one that coordinates it, since that one could not be heard. */
export const GivenUpRolloutSchema = z
  .object({
    rollout: RolloutIdSchema,
    region: RegionNameSchema.meta({ description: 'Where it was given up' }),
    by: z.string(),
    reason: z.string().nullable(),
    at: TimeSchema,
  })
  .meta({ id: 'GivenUpRollout' });
export type GivenUpRollout = z.infer<typeof GivenUpRolloutSchema>;

export const RolloutSchema = z
  .object({
    id: RolloutIdSchema,
    region: RegionNameSchema,
    status: z.enum(rolloutStatuses),
    statusReason: z.string().nullable(),
    kind: z.enum(rolloutKinds),
    target: z.string().meta({ description: 'Version that the stamps are brought to' }),
    base: z.string().meta({ description: 'Version that most of them had at the start' }),
    regions: z.array(RegionNameSchema),
    policy: ToldPolicySchema,
    reason: z.string().nullable(),
    requestedBy: z.string(),
    waves: z.array(RolloutWaveSchema),
    stamps: z.array(RolloutMemberSchema),
    version: z.number().int(),
    createdAt: TimeSchema,
    updatedAt: TimeSchema,
    finishedAt: TimeSchema.nullable(),
    givenUp: GivenUpRolloutSchema.optional().meta({ description: 'Told in lists, of those of other regions: it holds nothing any more' }),
  })
  .meta({ id: 'Rollout' });
export type RolloutView = z.infer<typeof RolloutSchema>;
export const RolloutPageSchema = pageOf(RolloutSchema).meta({ id: 'RolloutPage' });
export const RolloutListQuerySchema = PageQuerySchema.extend({ status: z.enum(rolloutStatuses).optional() });

export const RolloutPlanSchema = z
  .object({
    kind: z.enum(rolloutKinds),
    target: z.string(),
    base: z.string(),
    policy: ToldPolicySchema,
    waves: z.array(z.object({ name: z.string(), approval: z.boolean(), stamps: z.array(StampNameSchema) })),
    skipped: z.array(StampNameSchema).meta({ description: 'Run the target already' }),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'RolloutPlan' });
export type RolloutPlan = z.infer<typeof RolloutPlanSchema>;

export const RolloutEventSchema = z
  .object({
    sequence: z.number().int(),
    at: TimeSchema,
    level: z.enum(['info', 'warning', 'error']),
    wave: z.string().nullable(),
    stamp: z.string().nullable(),
    message: z.string(),
  })
  .meta({ id: 'RolloutEvent' });
export type RolloutEventView = z.infer<typeof RolloutEventSchema>;
export const RolloutEventsQuerySchema = z.object({ after: z.coerce.number().int().min(0).default(0) });
export const RolloutEventsSchema = z.object({ items: z.array(RolloutEventSchema) }).meta({ id: 'RolloutEvents' });
export type RolloutEvents = z.infer<typeof RolloutEventsSchema>;

/** Versions in the fleet: how many stamps run each. More than two at once is refused. */
export const VersionSkewSchema = z
  .object({
    workload: z.array(z.object({ version: z.string().nullable(), stamps: z.array(StampNameSchema) })),
    template: z.array(z.object({ version: z.string().nullable(), stamps: z.array(StampNameSchema) })),
  })
  .meta({ id: 'VersionSkew' });
export type VersionSkew = z.infer<typeof VersionSkewSchema>;

export const rolloutVerbs = ['approve', 'pause', 'resume', 'abort', 'rollback'] as const;
export type RolloutVerb = (typeof rolloutVerbs)[number];
export const RolloutCommandSchema = z.strictObject({ reason: z.string().min(1).max(500).optional() }).meta({ id: 'RolloutCommand' });

/** What the coordinating region asks the region of a stamp: hold it and bring it to a version, in one transaction. */
export const StampChangeSchema = z
  .strictObject({
    rollout: RolloutIdSchema,
    kind: z.enum(rolloutKinds),
    version: z.string().min(1).max(100),
    reason: z.string().max(500).optional(),
  })
  .meta({ id: 'StampChange' });
export type StampChange = z.infer<typeof StampChangeSchema>;
export const StampChangeAcceptedSchema = z
  .object({ job: JobSchema, fromVersion: z.string().nullable().meta({ description: 'What the stamp ran before' }) })
  .meta({ id: 'StampChangeAccepted' });
export type StampChangeAccepted = z.infer<typeof StampChangeAcceptedSchema>;
export const StampReleaseSchema = z.strictObject({ rollout: RolloutIdSchema }).meta({ id: 'StampRelease' });

/** Event types with the JSON schema of their data, as a region's control plane reads and writes them. */
export const EventSchemasSchema = z
  .object({ region: RegionNameSchema, schemas: z.record(z.string(), z.record(z.string(), z.unknown())) })
  .meta({ id: 'EventSchemas' });
export type EventSchemas = z.infer<typeof EventSchemasSchema>;
