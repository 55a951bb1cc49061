import { z } from 'zod';
import type { PropertyMap, PropertyValue } from './property-values.js';

const PropertyValueSchema: z.ZodType<PropertyValue> = z.lazy(() =>
  z.union([z.null(), z.boolean(), z.number(), z.string(), z.array(PropertyValueSchema), z.record(z.string(), PropertyValueSchema)]),
);
const PropertyMapSchema: z.ZodType<PropertyMap> = z.record(z.string(), PropertyValueSchema);

/** What the engine knows of one resource. Secrets are marked values in memory and sealed ones on disk. */
export const ResourceStateSchema = z.object({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean(),
  id: z.string(),
  parent: z.string(),
  provider: z.string(),
  inputs: PropertyMapSchema,
  outputs: PropertyMapSchema,
  dependencies: z.array(z.string()),
  protect: z.boolean(),
  retainOnDelete: z.boolean(),
  deletedWith: z.string(),
  /** Keys that the program declared secret. */
  secretOutputs: z.array(z.string()),
  /** Replaced already; its deletion is still to be done. */
  condemned: z.boolean(),
});
export type ResourceState = z.infer<typeof ResourceStateSchema>;

/**
 * Written before the provider is asked, removed with the answer (I8). Whoever finds one after a crash knows that the world
 * may be one step ahead of the state: a create is repeated with the same seed (so the provider finds what it made), an
 * update is repeated even where nothing differs, a delete is finished first.
 */
export const PendingOperationSchema = z.object({
  kind: z.enum(['create', 'update', 'delete']),
  urn: z.string(),
  /** Of what is updated or deleted; empty for creates. */
  id: z.string(),
  /** Makes the identity of what is created; the same for every repetition. */
  seed: z.string(),
  inputs: PropertyMapSchema,
});
export type PendingOperation = z.infer<typeof PendingOperationSchema>;

export const HistoryEntrySchema = z.object({
  kind: z.string(),
  startTime: z.string(),
  endTime: z.string(),
  message: z.string(),
  result: z.enum(['succeeded', 'failed']),
  version: z.number().int(),
  resourceChanges: z.record(z.string(), z.number().int()),
});
export type HistoryEntry = z.infer<typeof HistoryEntrySchema>;

export const ConfigValueSchema = z.object({ value: z.string(), secret: z.boolean() });
export type ConfigValue = z.infer<typeof ConfigValueSchema>;

export const StackStateSchema = z.object({
  format: z.literal(1),
  project: z.string(),
  config: z.record(z.string(), ConfigValueSchema),
  resources: z.array(ResourceStateSchema),
  pendingOperations: z.array(PendingOperationSchema),
  outputs: PropertyMapSchema,
  history: z.array(HistoryEntrySchema),
});
export type StackState = z.infer<typeof StackStateSchema>;

/** Older runs are in the control plane's jobs; here only the SDK's `info()` reads the last one. */
export const historyEntriesMax = 20;

export const emptyState = (project: string): StackState => ({
  format: 1,
  project,
  config: {},
  resources: [],
  pendingOperations: [],
  outputs: {},
  history: [],
});
