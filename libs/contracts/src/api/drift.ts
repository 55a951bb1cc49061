import { jobIdPattern } from '@lapidary/kernel/names';
import { z } from 'zod';
import { driftKinds } from '../drift-kinds.js';
import { PageQuerySchema, pageOf, RegionNameSchema, StampNameSchema, TimeSchema } from './common.js';

/** Ascending: later means worse. */
export const driftSeverities = ['info', 'warning', 'critical'] as const;
export const findingStates = ['open', 'suppressed', 'resolved'] as const;
export const driftRunStatuses = ['queued', 'running', 'done', 'failed', 'interrupted'] as const;
export const driftRunTriggers = ['schedule', 'request'] as const;
export const suppressionStates = ['active', 'expired', 'lifted'] as const;
export const canaryStates = ['found', 'missed', 'not-planted'] as const;

export const DriftIdSchema = z.string().regex(jobIdPattern, 'an id of drift is <region>.<ULID>').meta({ description: '<region>.<ULID>' });
export const DriftSubjectSchema = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[a-z]+\/[a-z0-9.-]+$/, 'a subject is <noun>/<name>, like stamp/eu-2')
  .meta({ description: 'What it is about', example: 'stamp/eu-2' });

const KindSchema = z.enum(driftKinds).meta({ description: 'Which sensor found it' });
const PathSchema = z.string().max(500).meta({ description: 'Where in the subject; for resources <type> <name>: <path>' });
const OwnerSchema = z.string().trim().min(1).max(100);
const ReasonSchema = z.string().trim().min(1).max(500);

/** One difference between what should be and what is, for as long as it lasts. Gone and back again is a new finding. */
export const FindingSchema = z
  .object({
    id: DriftIdSchema,
    region: RegionNameSchema,
    kind: KindSchema,
    subject: DriftSubjectSchema,
    path: PathSchema,
    expected: z.unknown().meta({ description: 'What should be; null: nothing. Long values are shown as their digest' }),
    observed: z.unknown().meta({ description: 'What is; null: nothing' }),
    severity: z.enum(driftSeverities),
    owner: z.string().meta({ description: 'Who looks after it: label "owner" of the stamp, else LAPIDARY_DRIFT_OWNER' }),
    state: z.enum(findingStates),
    firstSeen: TimeSchema,
    lastSeen: TimeSchema,
    timesSeen: z.number().int().meta({ description: 'In how many runs' }),
    resolvedAt: TimeSchema.nullable(),
    suppression: DriftIdSchema.nullable().meta({ description: 'The suppression that hides it now' }),
    suppressedUntil: TimeSchema.nullable(),
    repairRounds: z.number().int().default(0).meta({ description: 'How often it was repaired and still stands' }),
    quarantinedAt: TimeSchema.nullable().default(null).meta({ description: 'Since when it is no longer repaired by itself' }),
  })
  .meta({ id: 'DriftFinding' });
export type FindingView = z.infer<typeof FindingSchema>;
export const FindingPageSchema = pageOf(FindingSchema).meta({ id: 'DriftFindingPage' });

export const FindingListQuerySchema = PageQuerySchema.extend({
  region: RegionNameSchema.optional(),
  state: z
    .enum([...findingStates, 'all'])
    .default('open')
    .meta({ description: '"open" leaves out what is suppressed' }),
  kind: KindSchema.optional(),
  subject: DriftSubjectSchema.optional(),
  severity: z.enum(driftSeverities).optional().meta({ description: 'This or worse' }),
});

/** What one sensor did in one run. */
export const SensorReportSchema = z.object({
  kind: KindSchema,
  looked: z.number().int().meta({ description: 'Subjects that were looked at' }),
  skipped: z
    .array(z.object({ subject: z.string(), why: z.string() }))
    .meta({ description: 'Not looked at: their findings stay as they were' }),
  differences: z.number().int(),
  canary: z.enum(canaryStates).meta({ description: 'Whether the difference that was planted for this run was found' }),
  tookMs: z.number().int(),
});
export type SensorReport = z.infer<typeof SensorReportSchema>;

export const repairOutcomes = ['merged', 'unchanged', 'restored', 'refreshed', 'refused'] as const;
/** What a repair of one document came to. */
export const FindingRepairSchema = z.object({
  finding: DriftIdSchema,
  subject: DriftSubjectSchema,
  path: PathSchema,
  outcome: z.enum(repairOutcomes).meta({
    description:
      'merged: ours knows now what the peer’s knew; unchanged: it did already, the peer has to take ours; restored: it was corrupt; refreshed: a router or agent fetched its routes anew; refused: a person has to look',
  }),
  why: z.string().nullable(),
});
export type FindingRepair = z.infer<typeof FindingRepairSchema>;

/** Puts documents right that differ from a peer's, or are corrupt here: all that stand, or some. */
export const RepairRequestSchema = z
  .strictObject({
    region: RegionNameSchema.optional().meta({
      description: 'Whose documents; without it (and without a finding) those of the region asked',
    }),
    finding: DriftIdSchema.optional().meta({ description: 'This one only, also where it is quarantined' }),
    subject: DriftSubjectSchema.optional().meta({ description: 'Those of this subject only' }),
    dryRun: z.boolean().default(false).meta({ description: 'Do it, say what came of it, and take it back' }),
    reason: ReasonSchema.optional(),
  })
  .meta({ id: 'DriftRepairRequest' });
export type RepairRequest = z.infer<typeof RepairRequestSchema>;

export const DriftRunSchema = z
  .object({
    id: DriftIdSchema,
    region: RegionNameSchema,
    trigger: z.enum(driftRunTriggers),
    requestedBy: z.string(),
    stamp: StampNameSchema.nullable().meta({ description: 'The only stamp that is looked at; null: all' }),
    status: z.enum(driftRunStatuses),
    createdAt: TimeSchema,
    startedAt: TimeSchema.nullable(),
    finishedAt: TimeSchema.nullable(),
    appeared: z.number().int().meta({ description: 'New findings' }),
    resolved: z.number().int().meta({ description: 'Findings that are gone' }),
    sensors: z.array(SensorReportSchema),
    repair: z.object({ dryRun: z.boolean() }).nullable().meta({ description: 'Not null: a run that repairs documents before it looks' }),
    repairs: z.array(FindingRepairSchema),
    repairsLeft: z
      .number()
      .int()
      .optional()
      .meta({ description: 'Findings that a repair could try as well, and that this run left to the next: one tries 500' }),
    error: z.string().nullable(),
  })
  .meta({ id: 'DriftRun' });
export type DriftRunView = z.infer<typeof DriftRunSchema>;
export const DriftRunPageSchema = pageOf(DriftRunSchema).meta({ id: 'DriftRunPage' });
export const finishedRunStatuses: readonly string[] = ['done', 'failed', 'interrupted'];

export const DriftRunListQuerySchema = PageQuerySchema.extend({ region: RegionNameSchema.optional() });

export const DriftRunRequestSchema = z
  .strictObject({
    region: RegionNameSchema.optional().meta({ description: 'Whose stamps; without it (and without a stamp) those of the region asked' }),
    stamp: StampNameSchema.optional().meta({ description: 'Look at this stamp only' }),
    reason: ReasonSchema.optional(),
  })
  .refine((r) => r.region === undefined || r.stamp === undefined || r.stamp.startsWith(`${r.region}-`), {
    path: ['stamp'],
    message: 'is not of that region',
  })
  .meta({ id: 'DriftRunRequest' });
export type DriftRunRequest = z.infer<typeof DriftRunRequestSchema>;

/** Longer than a quarter nobody remembers why; whoever still means it says so again. */
export const suppressionDaysMax = 90;

/**
 * Hides findings until it ends; never deletes any. With a finding's id only the difference that was seen is accepted:
 * another value at the same path shows. Without: everything of that kind about that subject. What gets worse than was accepted shows.
 */
export const SuppressionRequestSchema = z
  .strictObject({
    finding: DriftIdSchema.optional(),
    subject: DriftSubjectSchema.optional(),
    kind: KindSchema.optional(),
    severity: z.enum(driftSeverities).optional().meta({
      description: 'The worst that it hides; without it as bad as what stands now, and of a subject of which nothing stands, a warning',
    }),
    owner: OwnerSchema.meta({ description: 'Who answers for it' }),
    reason: ReasonSchema.meta({ description: 'Why it may stay for now' }),
    until: TimeSchema.meta({ description: `When it shows again, at most ${suppressionDaysMax} days ahead` }),
  })
  .refine((r) => (r.finding === undefined) !== (r.subject === undefined && r.kind === undefined), {
    path: ['finding'],
    message: 'give either a finding, or a subject with a kind',
  })
  .refine((r) => (r.subject === undefined) === (r.kind === undefined), { path: ['kind'], message: 'a subject needs a kind' })
  .meta({ id: 'DriftSuppressionRequest' });
export type SuppressionRequest = z.infer<typeof SuppressionRequestSchema>;

export const SuppressionSchema = z
  .object({
    id: DriftIdSchema,
    region: RegionNameSchema,
    kind: KindSchema,
    subject: DriftSubjectSchema,
    path: PathSchema.nullable().meta({ description: 'null: every path' }),
    observed: z.unknown().meta({ description: 'The accepted value; another one shows. null where every path is hidden' }),
    severity: z.enum(driftSeverities).default('critical').meta({ description: 'The worst that it hides' }),
    owner: OwnerSchema,
    reason: ReasonSchema,
    state: z.enum(suppressionStates),
    createdBy: z.string(),
    createdAt: TimeSchema,
    until: TimeSchema,
    liftedBy: z.string().nullable(),
    liftedAt: TimeSchema.nullable(),
    hides: z.number().int().meta({ description: 'Findings that it hides now' }),
  })
  .meta({ id: 'DriftSuppression' });
export type SuppressionView = z.infer<typeof SuppressionSchema>;
export const SuppressionPageSchema = pageOf(SuppressionSchema).meta({ id: 'DriftSuppressionPage' });
export const SuppressionListQuerySchema = PageQuerySchema.extend({
  region: RegionNameSchema.optional(),
  state: z.enum([...suppressionStates, 'all']).default('active'),
});

/** Drift of one region at a glance: for the doctor, the console and reports. */
export const DriftStatusSchema = z
  .object({
    region: RegionNameSchema,
    open: z.object({ info: z.number().int(), warning: z.number().int(), critical: z.number().int() }),
    suppressed: z.number().int(),
    oldestOpen: TimeSchema.nullable().meta({ description: 'Since when the oldest open finding stands' }),
    lastRun: DriftRunSchema.nullable().meta({ description: 'The last run that was worked to its end' }),
    blind: z.array(KindSchema).meta({ description: 'Sensors that did not find what was planted for them in the last run' }),
    nextRunAt: TimeSchema.nullable(),
    isOverdue: z.boolean().default(false).meta({
      description: 'No run over all stamps has ended well for more than two intervals and ten minutes: what is said of drift is old',
    }),
    failed: z
      .object({ runs: z.number().int(), at: TimeSchema, error: z.string() })
      .nullable()
      .default(null)
      .meta({ description: 'Runs over all stamps that did not end well since the last one that did, and why the newest of them' }),
    quarantined: z.number().int().default(0).meta({ description: 'Open findings that no repair has helped: a person has to look' }),
  })
  .meta({ id: 'DriftStatus' });
export type DriftStatus = z.infer<typeof DriftStatusSchema>;

/** As long as a year of reviews, and no longer than findings are kept. */
export const trendDaysMax = 366;
export const DriftTrendQuerySchema = z.object({
  region: RegionNameSchema.optional(),
  days: z.coerce.number().int().min(1).max(trendDaysMax).default(30).meta({ description: 'How many days back, today with them' }),
});
/** Drift of one day, in UTC. */
export const DriftDaySchema = z.object({
  day: z.iso.date(),
  runs: z.number().int().meta({ description: 'Looks over all stamps that ended well' }),
  failed: z.number().int().meta({ description: 'Looks over all stamps that did not' }),
  appeared: z.number().int().meta({ description: 'New findings, whichever look found them' }),
  resolved: z.number().int().meta({ description: 'Findings that went' }),
  open: z.number().int().meta({ description: 'Findings that stood at the end of the day, suppressed ones with them' }),
  blind: z.array(z.string()).meta({ description: 'Sensors that missed what was planted for them, in any look of the day' }),
});
export type DriftDay = z.infer<typeof DriftDaySchema>;
export const DriftTrendSchema = z
  .object({ region: RegionNameSchema, days: z.array(DriftDaySchema).meta({ description: 'The oldest first, each day of the window' }) })
  .meta({ id: 'DriftTrend' });
export type DriftTrend = z.infer<typeof DriftTrendSchema>;
