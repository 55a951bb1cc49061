import { AppError } from '@lapidary/kernel/app-error';
import { LabelsSchema } from '@lapidary/contracts/api/common';
import { z } from 'zod';

/** Options as they are typed, shared by commands. */
export const LimitField = z.coerce.number().int('is a whole number').min(1).default(Infinity);
export const UnitsField = z.coerce.number({ error: 'is a number of units' }).optional();
export const ReasonField = z.string().min(1).max(500).optional();

/** What a fresh fleet has; `LAPIDARY_BASE_DOMAIN` of its routers says otherwise. */
export const baseDomainDefault = 'lapidary.localhost';

/** A value typed as JSON. */
export const JsonField = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue({ code: 'custom', message: 'is not valid JSON' });
    return z.NEVER;
  }
});

/** `-l team=red -l plan=gold`; undefined where none was given. */
export const LabelField = z
  .array(z.string().regex(/^[^=]+=/, 'is written key=value'))
  .optional()
  .transform(
    (pairs) => pairs && Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])),
  )
  .pipe(LabelsSchema.optional());

/** For what has to be said but is an option in form. */
export const required = <T>(value: T | undefined, flag: string, why: string): T => {
  if (value !== undefined) return value;
  throw new AppError('usage', `${flag} is missing`, { details: { check: why } });
};
