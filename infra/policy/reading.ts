import { containsUnknown, isSecret, plain, type PropertyMap, type PropertyValue } from '../engine/property-values.js';
import type { PolicyResource } from './policy-rule.js';

/**
 * How rules read inputs. A value that is known only after another resource was made can't be judged yet: it counts as
 * there, and the rule is asked again when the resource is registered with the real value.
 */
export const known = (resource: PolicyResource, key: string): PropertyValue | undefined => {
  const value = resource.inputs[key];
  return value === undefined || containsUnknown(value) ? undefined : plain(value);
};

/** There is something, known or not yet known. */
export const isSet = (resource: PolicyResource, key: string): boolean => {
  const value = resource.inputs[key];
  return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
};

export const isTrue = (resource: PolicyResource, key: string): boolean => known(resource, key) === true || isUnknown(resource, key);

export const isUnknown = (resource: PolicyResource, key: string): boolean => containsUnknown(resource.inputs[key] ?? null);

export const isMarkedSecret = (resource: PolicyResource, key: string): boolean => isSecret(resource.inputs[key] ?? null);

export const numberOf = (resource: PolicyResource, key: string): number | undefined => {
  const value = known(resource, key);
  return typeof value === 'number' ? value : undefined;
};

export const textOf = (resource: PolicyResource, key: string): string | undefined => {
  const value = known(resource, key);
  return typeof value === 'string' ? value : undefined;
};

/** A list of blocks such as ingress rules; what is no block is left out. */
export const blocksOf = (resource: PolicyResource, key: string): readonly PropertyMap[] => {
  const value = resource.inputs[key];
  return Array.isArray(value) ? (value as readonly PropertyValue[]).map(plain).filter(isMap) : [];
};

export const isMap = (value: PropertyValue | undefined): value is PropertyMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A property that holds JSON text, such as a policy document; undefined while it is not known. */
export const jsonOf = (resource: PolicyResource, key: string): PropertyValue | undefined => {
  const text = textOf(resource, key);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as PropertyValue;
  } catch {
    return undefined;
  }
};
