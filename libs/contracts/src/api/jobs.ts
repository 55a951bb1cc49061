import { z } from 'zod';
import { JobIdSchema, PageQuerySchema, pageOf, RegionNameSchema, TimeSchema } from './common.js';

export const jobStatuses = ['queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled'] as const;
export const jobKinds = ['provision', 'decommission'] as const;
export const stepStatuses = ['pending', 'running', 'succeeded', 'failed', 'skipped'] as const;
export const finishedJobStatuses: readonly string[] = ['succeeded', 'failed', 'cancelled'];

/** How long a step took in jobs of the same kind and variant that succeeded. */
export const UsualTimeSchema = z.object({
  medianMs: z.number().int(),
  p90Ms: z.number().int().meta({ description: 'Nine of ten took at most this long' }),
  samples: z.number().int(),
});
export type UsualTime = z.infer<typeof UsualTimeSchema>;

export const JobStepSchema = z.object({
  name: z.string(),
  title: z.string().meta({ description: 'What the step does, for people' }),
  status: z.enum(stepStatuses),
  attempts: z.number().int(),
  startedAt: TimeSchema.nullable(),
  finishedAt: TimeSchema.nullable(),
  message: z.string().nullable(),
  // With a default each: events of a region that runs an older version lack them.
  usual: UsualTimeSchema.nullable().default(null).meta({ description: 'As known when the job was accepted; null without history' }),
  progress: z
    .object({
      done: z.number().int().meta({ description: 'Resources that are dealt with' }),
      expected: z.number().int().nullable().meta({ description: 'As many as the last time; null where that is not known' }),
    })
    .nullable()
    .default(null),
});

/** What can be said of a job that has not ended, from how long its steps usually take. */
export const JobEstimateSchema = z.object({
  usualMs: z.number().int().meta({ description: 'The whole job: sum of the steps’ medians' }),
  atMostMs: z.number().int().meta({ description: 'The whole job: sum of the steps’ 90th percentiles, so a careful bound' }),
  remainingMs: z.number().int(),
  remainingAtMostMs: z.number().int(),
  samples: z.number().int().meta({ description: 'Jobs that the least known step is judged by' }),
  longerThanUsual: z.boolean().meta({ description: 'The step under way has taken longer than nine of ten' }),
});
export type JobEstimate = z.infer<typeof JobEstimateSchema>;

export const JobSchema = z
  .object({
    id: JobIdSchema,
    region: RegionNameSchema,
    kind: z.enum(jobKinds),
    subject: z.string().meta({ description: 'What it works on, for example eu-2' }),
    status: z.enum(jobStatuses),
    attempt: z.number().int(),
    steps: z.array(JobStepSchema),
    summary: z.string().nullable().meta({ description: 'Outcome in one sentence, for example "8 created" or "no changes"' }),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    requestedBy: z.string(),
    createdAt: TimeSchema,
    startedAt: TimeSchema.nullable(),
    finishedAt: TimeSchema.nullable(),
    lastEventSequence: z.number().int(),
    stepsDone: z.number().int().default(0),
    estimate: JobEstimateSchema.nullable().default(null).meta({ description: 'Null once it has ended, and where history is missing' }),
    noReturnAt: TimeSchema.nullable().default(null).meta({ description: 'Since then it can’t be cancelled in good order' }),
  })
  .meta({ id: 'Job' });
export type JobView = z.infer<typeof JobSchema>;
export const JobPageSchema = pageOf(JobSchema).meta({ id: 'JobPage' });

export const JobListQuerySchema = PageQuerySchema.extend({
  status: z.enum(jobStatuses).optional(),
  subject: z.string().max(63).optional(),
  region: RegionNameSchema.optional(),
});

/** One line of a job's progress. `sequence` starts at 1 and has no holes. */
export const JobEventSchema = z
  .object({
    job: JobIdSchema,
    sequence: z.number().int(),
    at: TimeSchema,
    level: z.enum(['info', 'warning', 'error']),
    step: z.string().nullable(),
    message: z.string(),
    data: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'JobEvent' });
export type JobEventView = z.infer<typeof JobEventSchema>;

/** POST /v1/jobs/:id/cancel */
export const CancelJobSchema = z
  .strictObject({
    force: z.boolean().default(false).meta({ description: 'Cut off what is under way instead of letting it end in good order' }),
    reason: z.string().max(500).optional(),
  })
  .meta({ id: 'CancelJob' });

/** Longer waits are cut by proxies in between; the caller just asks again. */
export const waitSecondsMax = 25;

/** Long poll: answers at once when there are events after `after`, else when one comes or `wait` seconds have passed. */
export const JobEventsQuerySchema = z.object({
  after: z.coerce.number().int().min(0).default(0),
  wait: z.coerce.number().int().min(0).max(waitSecondsMax).default(0),
});
export const JobEventsSchema = z.object({ items: z.array(JobEventSchema), job: JobSchema }).meta({ id: 'JobEvents' });
export type JobEvents = z.infer<typeof JobEventsSchema>;
