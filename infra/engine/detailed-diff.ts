import { containsUnknown, isSecret, type PropertyMap, type PropertyValue } from './property-values.js';
import { sameValue } from './diff.js';
import type { PropertyPath } from './property-path.js';

export interface Difference {
  readonly path: PropertyPath;
  readonly kind: 'add' | 'delete' | 'update';
}

/**
 * Every leaf that differs, in the order of the keys. Lists are compared item by item: people look for the rule that changed,
 * not for the list it stands in. A secret is one leaf, whatever is in it: its inside must not show even as paths.
 */
export const detailedDiff = (olds: PropertyMap, news: PropertyMap): readonly Difference[] => between(olds, news, []);

const between = (old: PropertyValue | undefined, next: PropertyValue | undefined, path: PropertyPath): readonly Difference[] => {
  if (old === undefined || next === undefined) return absent(old, next, path);
  const unknown = next !== null && containsUnknown(next);
  if (!unknown && sameValue(old, next)) return [];
  const [a, b] = [opened(old), opened(next)];
  if (a === undefined || b === undefined || Array.isArray(a) !== Array.isArray(b)) return [{ path, kind: 'update' }];
  const keys = Array.isArray(b)
    ? Array.from({ length: Math.max(b.length, (a as readonly PropertyValue[]).length) }, (_, index) => index)
    : [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return keys.flatMap((key) => between(childOf(a, key), childOf(b, key), [...path, key]));
};

/** A null is how a program leaves a property out: it neither adds nor deletes. */
const absent = (old: PropertyValue | undefined, next: PropertyValue | undefined, path: PropertyPath): readonly Difference[] => {
  if ((old ?? null) === null && (next ?? null) === null) return [];
  return [{ path, kind: old === undefined || old === null ? 'add' : 'delete' }];
};

type Branch = Readonly<Record<string, PropertyValue>> | readonly PropertyValue[];

const opened = (value: PropertyValue): Branch | undefined =>
  typeof value !== 'object' || value === null || isSecret(value) ? undefined : value;

const childOf = (branch: Branch, key: string | number): PropertyValue | undefined =>
  // Own keys only: a label may well be called "constructor".
  Object.hasOwn(branch, key) ? (branch as Readonly<Record<string | number, PropertyValue>>)[key] : undefined;
