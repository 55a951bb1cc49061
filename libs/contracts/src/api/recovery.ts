import { z } from 'zod';
import { RegionNameSchema, TimeSchema } from './common.js';

export const recoveryStates = ['suspected', 'reconciling', 'retelling', 'holding', 'too-old'] as const;

/** Why and since when a region does not write, or does not write everything. */
export const RecoverySchema = z
  .object({
    state: z.enum(recoveryStates).meta({ description: 'Drawn in docs/reference/states.md, "log of a region"' }),
    fenced: z.boolean().meta({ description: 'The region writes nothing of its own; reading and routing go on' }),
    since: TimeSchema,
    backupAt: TimeSchema.nullable().meta({ description: 'The last moment that the database remembers of before its last start' }),
    evidence: z.array(z.string()).meta({ description: 'Who knows what of this region’s log' }),
    waitsFor: z
      .array(z.object({ region: RegionNameSchema, why: z.string().nullable() }))
      .meta({ description: 'Regions that were not reconciled with yet, and why, as last tried' }),
    without: z.array(RegionNameSchema).meta({ description: 'Regions that an operator had it opened without' }),
  })
  .meta({ id: 'Recovery' });
export type RecoveryView = z.infer<typeof RecoverySchema>;

export const OpenRecoverySchema = z
  .strictObject({
    without: z
      .array(RegionNameSchema)
      .min(1)
      .max(50)
      .meta({ description: 'Regions that are not waited for any more; what they alone hold of this one is lost' }),
    reason: z.string().min(1).max(500),
  })
  .meta({ id: 'OpenRecovery' });
export type OpenRecovery = z.infer<typeof OpenRecoverySchema>;

export const ReseedSchema = z.strictObject({ reason: z.string().min(1).max(500) }).meta({ id: 'Reseed' });

export const TrustTokensSchema = z
  .strictObject({
    tokens: z.array(z.string().min(1).max(200)).min(1).max(50).meta({ description: 'Names of held tokens that are still good' }),
    reason: z.string().min(1).max(500),
  })
  .meta({ id: 'TrustTokens' });
export type TrustTokens = z.infer<typeof TrustTokensSchema>;

export const TrustedTokensSchema = z
  .object({ region: RegionNameSchema, trusted: z.array(z.string()), held: z.array(z.string()).meta({ description: 'Which still are' }) })
  .meta({ id: 'TrustedTokens' });
export type TrustedTokens = z.infer<typeof TrustedTokensSchema>;

export const RecoveryActSchema = z
  .object({
    region: RegionNameSchema,
    state: z.enum(recoveryStates),
    lost: z.array(z.string()).meta({ description: 'What is given up by it' }),
  })
  .meta({ id: 'RecoveryAct' });
export type RecoveryAct = z.infer<typeof RecoveryActSchema>;
