import { z } from 'zod';
import { JobIdSchema, PageQuerySchema, pageOf, RegionNameSchema, TimeSchema } from './common.js';
import { jobKinds } from './jobs.js';

/** What made a job, or a message about one, a dead letter. */
export const deadLetterCauses = ['workers_died', 'unreadable_message'] as const;
export const deadLetterResolutions = ['replayed', 'dropped'] as const;

export const DeadLetterSchema = z
  .object({
    id: JobIdSchema.meta({ description: 'Id of the letter, <region>.<ULID>' }),
    region: RegionNameSchema,
    job: JobIdSchema.nullable().meta({ description: 'Null for a message that names no job; such a letter can only be dropped' }),
    kind: z.enum(jobKinds),
    subject: z.string().nullable(),
    cause: z.enum(deadLetterCauses),
    message: z.string(),
    step: z.string().nullable().meta({ description: 'Step that was under way' }),
    attempts: z.number().int().meta({ description: 'How many workers were lost over it, or tries made' }),
    payload: z.record(z.string(), z.unknown()).nullable().meta({ description: 'The message, where it is one' }),
    deadAt: TimeSchema,
    resolution: z.enum(deadLetterResolutions).nullable().meta({ description: 'Null while somebody has to look at it' }),
    resolvedAt: TimeSchema.nullable(),
    resolvedBy: z.string().nullable(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'DeadLetter' });
export type DeadLetterView = z.infer<typeof DeadLetterSchema>;
export const DeadLetterPageSchema = pageOf(DeadLetterSchema).meta({ id: 'DeadLetterPage' });

export const DeadLetterListQuerySchema = PageQuerySchema.extend({
  all: z.stringbool().default(false).meta({ description: 'Those that were replayed or dropped too' }),
  region: RegionNameSchema.optional(),
});

export const ReplayDeadLetterSchema = z.strictObject({ reason: z.string().max(500).optional() }).meta({ id: 'ReplayDeadLetter' });
export const DropDeadLetterSchema = z.strictObject({ reason: z.string().min(1).max(500) }).meta({ id: 'DropDeadLetter' });
