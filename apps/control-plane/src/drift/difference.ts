import type { driftSeverities } from '@lapidary/contracts/api/drift';
import type { driftKinds } from '@lapidary/contracts/drift-kinds';
import { canonicalJson, digestOf } from '@lapidary/kernel/canonical-json';

export type DriftKind = (typeof driftKinds)[number];
export type Severity = (typeof driftSeverities)[number];

/** One difference as a sensor sees it. (kind, subject, path) says which; the rest says what. */
export interface Difference {
  readonly kind: DriftKind;
  readonly subject: string;
  readonly path: string;
  /** JSON; null: nothing. */
  readonly expected: unknown;
  readonly observed: unknown;
  readonly severity: Severity;
  readonly owner: string;
}

export interface Skip {
  readonly subject: string;
  readonly why: string;
  /** It should have been possible: told as a finding about the sensor, until a look succeeds. */
  readonly isFault: boolean;
}

/** What a finding is about. */
export interface Place {
  readonly subject: string;
  readonly path: string;
}

/** What a sensor saw of some subjects. Those in `looked` without a difference are in order. */
export interface Look {
  readonly kind: DriftKind;
  readonly looked: readonly string[];
  /**
   * Of sensors that judge by the place: whether what stands there is in order where this look does not tell of it, whatever `looked` says. So
   * one row that can't be judged keeps no other from being seen in order, and what is no more is, too.
   */
  readonly judges?: ((place: Place) => boolean) | undefined;
  readonly skipped: readonly Skip[];
  readonly differences: readonly Difference[];
  /** Of sensors that plant for themselves, where the tables of stamps are not what they look at; it holds nothing of it in `differences`. */
  readonly planted?: 'found' | 'missed' | undefined;
}

/** A value of more characters is kept and shown as its digest: enough to see that it differs, and findings stay small. */
const valueLengthMax = 2_000;

export const bounded = (value: unknown): unknown => {
  if (value === undefined || value === null) return null;
  const length = canonicalJson(value).length;
  return length <= valueLengthMax ? value : { sha256: digestOf(value), characters: length };
};

export interface PathDifference {
  readonly path: string;
  readonly expected: unknown;
  readonly observed: unknown;
}

/** Where two JSON values differ, at the deepest paths: `capacity.units`. Lists are taken whole: their order matters here. */
export const differencesOf = (expected: unknown, observed: unknown, path = ''): PathDifference[] => {
  if (isMap(expected) && isMap(observed)) {
    const keys = [...new Set([...Object.keys(expected), ...Object.keys(observed)])].sort();
    return keys.flatMap((key) => differencesOf(expected[key], observed[key], path === '' ? key : `${path}.${key}`));
  }
  if (canonicalJson(expected ?? null) === canonicalJson(observed ?? null)) return [];
  return [{ path, expected: bounded(expected), observed: bounded(observed) }];
};

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
