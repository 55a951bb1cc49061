import { z } from 'zod';
import {
  dnsLabelLengthMax,
  dnsLabelPattern,
  jobIdPattern,
  regionNameLengthMax,
  regionNamePattern,
  stampNamePattern,
} from '@lapidary/kernel/names';

/** Characters of an address with its query: more than any of ours needs, cursors and filters too; as much as travels to another region. */
export const addressLengthMax = 8_192;

export const RegionNameSchema = z
  .string()
  .max(regionNameLengthMax)
  .regex(regionNamePattern, 'a region name is lower-case letters and digits, starting with a letter')
  .meta({ description: 'Region name', example: 'eu' });

export const StampNameSchema = z
  .string()
  .max(dnsLabelLengthMax)
  .regex(stampNamePattern, 'a stamp name is <region>-<number>, like eu-2')
  .meta({ description: 'Stamp name, <region>-<n>', example: 'eu-2' });

export const TenantIdSchema = z
  .string()
  .max(dnsLabelLengthMax, `a tenant id has at most ${dnsLabelLengthMax} characters`)
  .regex(dnsLabelPattern, 'a tenant id is a DNS label: lower-case letters, digits and inner hyphens')
  .meta({ description: 'Tenant id, a DNS label', example: 'acme' });

export const JobIdSchema = z.string().regex(jobIdPattern, 'a job id is <region>.<ULID>').meta({ description: 'Job id, <region>.<ULID>' });

/** Labels are for people and selectors, not for storage: few and short. */
export const labelsMax = 32;
export const labelLengthMax = 128;
export const LabelsSchema = z
  .record(z.string().min(1).max(labelLengthMax), z.string().max(labelLengthMax))
  .refine((labels) => Object.keys(labels).length <= labelsMax, `at most ${labelsMax} labels`)
  .meta({ description: 'Labels, string to string' });

export const TimeSchema = z.iso.datetime({ offset: true }).meta({ description: 'RFC 3339 time' });

/** A page that is larger than this is slower than two pages. */
export const pageLimitMax = 500;
export const pageLimitDefault = 100;

export const PageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(pageLimitMax).default(pageLimitDefault).meta({ description: 'How many items at most' }),
  cursor: z.string().max(512).optional().meta({ description: '"next" of the page before' }),
});

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable().meta({ description: 'Cursor of the next page, null at the end' }) });

/** RFC 9457 problem details, with the code of the error catalogue. */
export const ProblemSchema = z
  .object({
    type: z.string().meta({ description: 'URI of the runbook for this code' }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Code from the error catalogue' }),
    check: z.string().meta({ description: 'What to look at' }),
    retry: z.boolean().meta({ description: 'Whether the same request may succeed later' }),
    requestId: z.string().optional(),
    fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof ProblemSchema>;
