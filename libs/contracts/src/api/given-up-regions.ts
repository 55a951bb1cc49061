import { z } from 'zod';
import { RegionNameSchema, TimeSchema } from './common.js';

export const GiveUpRegionSchema = z
  .strictObject({
    successor: RegionNameSchema.meta({ description: 'Region that its tenants are at home in from then on' }),
    reason: z.string().min(1).max(500),
  })
  .meta({ id: 'GiveUpRegion' });
export type GiveUpRegion = z.infer<typeof GiveUpRegionSchema>;

/** That a person gave up a region that is lost for good. A fact that nobody changes. */
export const GivenUpRegionSchema = z
  .object({
    id: z.string().min(1).max(64).meta({ description: 'Of several about one region the lowest holds to which no region objects' }),
    region: RegionNameSchema.meta({ description: 'The region that is lost' }),
    successor: RegionNameSchema,
    declaredIn: RegionNameSchema.meta({ description: 'Region whose control plane was asked' }),
    by: z.string(),
    reason: z.string(),
    at: TimeSchema,
  })
  .meta({ id: 'GivenUpRegion' });
export type GivenUpRegion = z.infer<typeof GivenUpRegionSchema>;

/** What a region says of it, in this order: the first two exclude each other. */
export const regionAnswers = ['objects', 'agrees', 'recalled', 'inherits', 'inherited'] as const;
export type RegionAnswer = (typeof regionAnswers)[number];

export const RegionWordSchema = z.object({
  region: RegionNameSchema,
  answer: z.enum(regionAnswers),
  heard: z
    .object({ epoch: z.number().int().min(0), sequence: z.number().int().min(0) })
    .meta({ description: 'How far it has taken in the log of the lost region, and never will further' }),
  peers: z.array(RegionNameSchema).meta({ description: 'The regions that its configuration names beside itself' }),
  unsettled: z.boolean().optional().meta({
    description:
      'With "recalled": changes of documents of the lost region are parked or held here, so that its rights of counters stay unused',
  }),
});
export type RegionWord = z.infer<typeof RegionWordSchema>;

export const givenUpStates = ['declared', 'agreed', 'inherited'] as const;

/** How a region that was given up stands, as the region that is asked knows it. */
export const GivenUpStandingSchema = GivenUpRegionSchema.extend({
  state: z.enum(givenUpStates),
  waitingFor: z.array(RegionNameSchema).meta({ description: 'Regions whose word is missing before it goes on' }),
  returnedAt: TimeSchema.nullable().meta({ description: 'When it was last heard all the same; nothing of it is believed' }),
  heard: z
    .array(z.object({ region: RegionNameSchema, epoch: z.number().int(), sequence: z.number().int() }))
    .optional()
    .meta({ description: 'How far each region that has agreed had heard its log; what it told beyond the farthest is lost' }),
  unsettled: z
    .array(RegionNameSchema)
    .optional()
    .meta({ description: 'Regions where changes of its documents were parked or held: its rights of bounded counters stay unused' }),
}).meta({ id: 'GivenUpStanding' });
/** A decision to give a region up that is void, since a region heard it; who said it may say it again. */
export const VoidGivenUpSchema = GivenUpRegionSchema.extend({
  objectors: z.array(RegionNameSchema).min(1).meta({ description: 'Regions that heard it after they knew of the decision' }),
}).meta({ id: 'VoidGivenUp' });
export type VoidGivenUp = z.infer<typeof VoidGivenUpSchema>;

export type GivenUpStanding = z.infer<typeof GivenUpStandingSchema>;
