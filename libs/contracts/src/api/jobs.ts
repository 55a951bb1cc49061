import { z } from 'zod';
import { JobIdSchema, PageQuerySchema, pageOf, RegionNameSchema, TimeSchema } from './common.js';

export const jobStatuses = ['queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled'] as const;
export const jobKinds = ['provision'] as const;
export const stepStatuses = ['pending', 'running', 'succeeded', 'failed', 'skipped'] as const;
export const finishedJobStatuses: readonly string[] = ['succeeded', 'failed', 'cancelled'];

export const JobStepSchema = z.object({
  name: z.string(),
  title: z.string().meta({ description: 'What the step does, for people' }),
  status: z.enum(stepStatuses),
  attempts: z.number().int(),
  startedAt: TimeSchema.nullable(),
  finishedAt: TimeSchema.nullable(),
  message: z.string().nullable(),
});

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

/** Longer waits are cut by proxies in between; the caller just asks again. */
export const waitSecondsMax = 25;

/** Long poll: answers at once when there are events after `after`, else when one comes or `wait` seconds have passed. */
export const JobEventsQuerySchema = z.object({
  after: z.coerce.number().int().min(0).default(0),
  wait: z.coerce.number().int().min(0).max(waitSecondsMax).default(0),
});
export const JobEventsSchema = z.object({ items: z.array(JobEventSchema), job: JobSchema }).meta({ id: 'JobEvents' });
export type JobEvents = z.infer<typeof JobEventsSchema>;
