import { z } from 'zod';
import { RegionNameSchema } from './common.js';

const perSecond = z.number().min(0);

/** Of one stamp or tenant, over the router's last whole window. Times are upper edges of buckets, at most a fifth too high. */
export const TrafficRowSchema = z.object({
  name: z.string(),
  perSecond,
  perSecondError: perSecond.meta({ description: 'The rate may be too high by so much; 0 for what was followed from the start' }),
  failedPerSecond: perSecond,
  refusedPerSecond: perSecond.meta({
    description: 'Refused by the router: limits, compartments, breakers, tenants that wait, move or are strict elsewhere',
  }),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});
export type TrafficRow = z.infer<typeof TrafficRowSchema>;

export const DoorStateSchema = z.object({
  url: z.string(),
  breaker: z.enum(['closed', 'open', 'half_open']),
  suspect: z.boolean().meta({ description: 'Passed over while there are others: refused, hangs, ill or an outlier' }),
  inUse: z.number().int().min(0),
});
export type DoorState = z.infer<typeof DoorStateSchema>;

export const CompartmentStateSchema = z.object({
  stamp: z.string(),
  inFlight: z.number().int().min(0),
  waiting: z.number().int().min(0),
  limit: z.number().int().min(0),
  unwell: z.boolean(),
  doors: z.array(DoorStateSchema),
});
export type CompartmentState = z.infer<typeof CompartmentStateSchema>;

/** Published by each router on routers.<region>.traffic every two seconds. */
export const TrafficSummarySchema = z.object({
  router: z.string(),
  atMs: z.number().int(),
  windowSeconds: z.number().min(0),
  limitsVersion: z.number().int().nullable(),
  budgetRouters: z.number().int().min(1),
  stamps: z.array(TrafficRowSchema),
  tenants: z.array(TrafficRowSchema).meta({ description: 'Those with most requests' }),
  compartments: z.array(CompartmentStateSchema),
});
export type TrafficSummary = z.infer<typeof TrafficSummarySchema>;

export const TrafficSchema = z.object({ region: RegionNameSchema, routers: z.array(TrafficSummarySchema) }).meta({ id: 'Traffic' });
export type Traffic = z.infer<typeof TrafficSchema>;
