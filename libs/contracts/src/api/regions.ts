import { z } from 'zod';
import { pageOf, RegionNameSchema } from './common.js';
import { GivenUpStandingSchema, VoidGivenUpSchema } from './given-up-regions.js';

export const RegionSchema = z
  .object({
    name: RegionNameSchema,
    displayName: z.string(),
    jurisdiction: z.string().meta({ description: 'Jurisdiction whose law applies, lower case', example: 'eu' }),
    location: z.object({ latitude: z.number(), longitude: z.number() }),
    local: z.boolean().meta({ description: 'Whether the geode that answers is this region’s' }),
    stamps: z.number().int().meta({ description: 'Stamps that are not retired' }),
    tenants: z.number().int().meta({ description: 'Tenants at home here, deleted ones not counted' }),
    pending: z.number().int().meta({ description: 'Tenants waiting for room' }),
    capacity: z.object({ units: z.number().int() }),
    used: z.object({ units: z.number().int() }),
    link: z
      .object({
        state: z.enum(['self', 'connected', 'cut']),
        appliedSequence: z.number().int().meta({ description: 'Last event of that region applied here' }),
        lagMs: z.number().int().nullable().meta({
          description:
            'How late events of that region come: the last one while it is news, 0 while none waits, at least since when nothing came where some wait; null while cut and before the first',
        }),
        cutSince: z.string().nullable(),
      })
      .meta({ description: 'The replication link from that region to the one that answers' }),
    givenUp: GivenUpStandingSchema.optional().meta({ description: 'Somebody gave it up as lost for good' }),
    notGivenUp: VoidGivenUpSchema.optional().meta({ description: 'The last decision to give it up, which is void since it was heard' }),
  })
  .meta({ id: 'Region' });
export type RegionView = z.infer<typeof RegionSchema>;

export const RegionPageSchema = pageOf(RegionSchema).meta({ id: 'RegionPage' });
