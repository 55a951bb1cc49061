import { z } from 'zod';
import { TrafficSchema } from '../agent-protocol.js';
import { RegionNameSchema, StampNameSchema, TimeSchema } from './common.js';
import { stampHealths } from './stamps.js';

/** Enough for one window per stamp of a wave; more are asked for in a second request. */
export const windowsMax = 50;
/** Traffic is kept for a day; a longer window answers with what there is. */
export const windowMsMax = 24 * 3_600_000;

/** GET /v1/regions/:name/observations?windows=60000,300000. Lengths and not times: the clocks of two regions differ. */
export const ObservationsQuerySchema = z.object({
  windows: z
    .string()
    .max(1_000)
    .default('')
    .transform((text) => [...new Set(text.split(',').filter((part) => part !== ''))].map(Number))
    .pipe(z.array(z.number().int().min(0).max(windowMsMax)).max(windowsMax))
    .meta({ description: 'Lengths of the windows in milliseconds, separated by commas' }),
});

export const StampObservationSchema = z.object({
  stamp: StampNameSchema,
  health: z.enum(stampHealths),
  heartbeatAgeMs: z.number().min(0).nullable().meta({ description: 'Since the last heartbeat, by the clock of its own region' }),
  workloadHealthy: z.boolean(),
  workloadVersion: z.string().nullable().meta({ description: 'What the workload says that it is' }),
});
export type StampObservation = z.infer<typeof StampObservationSchema>;

/** What a region observes of its stamps at this moment, and the traffic at their front doors over each window that was asked for. */
export const ObservationsSchema = z
  .object({
    region: RegionNameSchema,
    at: TimeSchema,
    stamps: z.array(StampObservationSchema),
    windows: z.array(
      z.object({
        ms: z.number().int(),
        traffic: z.record(StampNameSchema, TrafficSchema).meta({ description: 'By stamp; one without traffic may be missing' }),
      }),
    ),
  })
  .meta({ id: 'Observations' });
export type Observations = z.infer<typeof ObservationsSchema>;
