import type { ProvisionRequest } from '@lapidary/contracts/api/stamps';
import { StampSpecSchema, type StampDefaults, type StampFile, type StampSpec } from '@lapidary/contracts/stamp-spec';
import type { FieldProblem } from '@lapidary/kernel/app-error';
import type { RegionName, StampName } from '@lapidary/kernel/names';

/** What a request may say on top of the files. `reason` is no part of the spec. */
export type SpecOverrides = Omit<ProvisionRequest, 'reason'>;

export type MergeResult =
  | { readonly ok: true; readonly spec: StampSpec }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

/**
 * The complete spec: defaults, then the stamp's file, then what was asked for. Each field is taken whole from the last
 * that has it; labels are merged key by key, so that a stamp's labels add to those of the fleet.
 */
export const mergeSpec = (
  name: StampName,
  region: RegionName,
  defaults: StampDefaults,
  file: StampFile | null,
  ...overrides: readonly SpecOverrides[]
): MergeResult => {
  const layers: readonly (Partial<StampFile> | SpecOverrides)[] = [defaults, ...(file ? [file] : []), ...overrides];
  const merged = layers.reduce<Record<string, unknown>>((all, layer) => ({ ...all, ...definedOf(layer) }), {});
  const labels = layers.reduce<Record<string, string>>((all, layer) => ({ ...all, ...layer.labels }), {});
  const result = StampSpecSchema.safeParse({ ...merged, name, region, labels });
  if (result.success) return { ok: true, spec: result.data };
  return { ok: false, problems: result.error.issues.map((i) => ({ path: i.path.map(String).join('.'), message: i.message })) };
};

const definedOf = (layer: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined));

/** Dotted paths at which two specs differ, for people. */
export const changedPaths = (before: unknown, after: unknown, path = ''): string[] => {
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => changedPaths(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  return Object.is(before, after) || JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
};

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
