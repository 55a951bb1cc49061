import { z } from 'zod';
import { LabelsSchema, RegionNameSchema, StampNameSchema } from './api/common.js';
import { CapacitySchema, isolations, rings } from './api/stamps.js';

/** Size profiles of the template; what each means per target stands in infra/template/profiles.ts. */
export const profiles = ['small', 'medium', 'large'] as const;
export const drivers = ['local', 'aws'] as const;

const specFields = {
  driver: z.enum(drivers).meta({ description: 'What realises the stamp: "local" on this machine, "aws" in the cloud' }),
  profile: z.enum(profiles).meta({ description: 'Size profile' }),
  ring: z.enum(rings).meta({ description: 'Roll-out ring' }),
  isolation: z.enum(isolations).meta({ description: '"dedicated" takes one tenant only' }),
  capacity: CapacitySchema.meta({ description: 'Units of tenants’ weight it can hold' }),
  workload: z.strictObject({ version: z.string().min(1).max(100) }).meta({ description: 'Version of the workload it runs' }),
  labels: LabelsSchema,
};

/** stamps/defaults.yaml: every field. */
export const StampDefaultsSchema = z.strictObject(specFields).meta({ id: 'StampDefaults', title: 'stamps/defaults.yaml' });
export type StampDefaults = z.infer<typeof StampDefaultsSchema>;

/** stamps/<name>.yaml: name and region; the rest comes from the defaults where it is left out. */
export const StampFileSchema = z
  .strictObject({
    name: StampNameSchema,
    region: RegionNameSchema,
    driver: specFields.driver.optional(),
    profile: specFields.profile.optional(),
    ring: specFields.ring.optional(),
    isolation: specFields.isolation.optional(),
    capacity: specFields.capacity.optional(),
    workload: specFields.workload.optional(),
    labels: specFields.labels.optional(),
  })
  .refine((s) => s.name.startsWith(`${s.region}-`), { path: ['name'], message: 'the name must be <region>-<number> of its own region' })
  .meta({ id: 'StampFile', title: 'stamps/<name>.yaml' });
export type StampFile = z.infer<typeof StampFileSchema>;

/** A complete spec: what the template renders. */
export const StampSpecSchema = z.strictObject({ name: StampNameSchema, region: RegionNameSchema, ...specFields }).meta({ id: 'StampSpec' });
export type StampSpec = z.infer<typeof StampSpecSchema>;

/** "test" may stand in one zone; everything else is asked of both. */
export const environments = ['production', 'test'] as const;

/** Facts of a region that the template renders for and the policies judge by; from stamps/regions.yaml. */
export const RegionFactsSchema = z.object({
  jurisdiction: z.string(),
  awsRegion: z.string(),
  awsRoleArn: z.string().optional(),
  environment: z.enum(environments).optional(),
});
export type RegionFacts = z.infer<typeof RegionFactsSchema>;

/** A region can't have more stamps than names: `<region>-<n>`, n up to 9999 (kernel/names). */
const stampsPerRegionMax = 9_999;

export const capacityModes = ['off', 'suggest', 'act'] as const;

/** When a region gets another stamp by itself (P-ST3). What each figure does: docs/flows/capacity.md. */
export const CapacityPolicySchema = z.strictObject({
  mode: z.enum(capacityModes).default('off').meta({ description: '"suggest" tells what to run, "act" runs it' }),
  headroomPercent: z
    .number()
    .min(0)
    .max(90)
    .default(20)
    .meta({ description: 'Free share of the units of pooled stamps below which another one is due' }),
  leadTimeFactor: z
    .number()
    .min(1)
    .max(1_000)
    .default(3)
    .meta({ description: 'One is due too when the region will be full within this many times as long as building takes' }),
  windowDays: z.number().min(0.01).max(90).default(7).meta({ description: 'Days of placements that the forecast is made from' }),
  stampsMax: z
    .number()
    .int()
    .min(1)
    .max(stampsPerRegionMax)
    .default(10)
    .meta({ description: 'Stamps of the region, retired ones not counted' }),
  monthlyCostUsdMax: z.number().positive().optional().meta({ description: 'Estimated monthly cost of all its stamps; none: no limit' }),
  cooldownMinutes: z
    .number()
    .min(0)
    .max(1_440)
    .default(10)
    .meta({ description: 'Pause after a build before the forecast may ask for another' }),
});
export type CapacityPolicy = z.infer<typeof CapacityPolicySchema>;

/** stamps/regions.yaml */
export const RegionsFileSchema = z
  .strictObject({
    regions: z.record(
      RegionNameSchema,
      z.strictObject({
        displayName: z.string().min(1).max(80),
        jurisdiction: z
          .string()
          .regex(/^[a-z][a-z0-9-]*$/)
          .max(63)
          .meta({ description: 'Whose law applies; tenants’ residency may name it' }),
        location: z.strictObject({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180) }),
        capacityPolicy: CapacityPolicySchema.optional().meta({ description: 'When it gets another stamp by itself; left out: never' }),
        aws: z
          .strictObject({
            region: z.string().min(1).max(40),
            roleArn: z
              .string()
              .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/)
              .optional()
              .meta({ description: 'Role that is assumed to build there; without it the control plane’s own' }),
            environment: z.enum(environments).optional().meta({ description: 'What the policies take it for; "production" if left out' }),
          })
          .meta({ description: 'Where and as whom the aws driver builds' }),
      }),
    ),
  })
  .refine((f) => Object.keys(f.regions).length > 0, { path: ['regions'], message: 'at least one region' })
  .meta({ id: 'RegionsFile', title: 'stamps/regions.yaml' });
export type RegionsFile = z.infer<typeof RegionsFileSchema>;

/** What the template and the policies need to know of a region of the file; what is left out there is left out here. */
export const regionFactsOf = ({ jurisdiction, aws }: RegionsFile['regions'][string]): RegionFacts => ({
  jurisdiction,
  awsRegion: aws.region,
  ...(aws.roleArn === undefined ? {} : { awsRoleArn: aws.roleArn }),
  ...(aws.environment === undefined ? {} : { environment: aws.environment }),
});
