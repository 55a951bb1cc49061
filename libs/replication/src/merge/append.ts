import { digestOf } from '@lapidary/kernel/canonical-json';
import type { Json } from './json.js';
import { joinUnknown } from './unknown-fields.js';

/**
 * An entry of an append-only collection. Its id says everything: the same id with the same body is the same entry, told
 * again. The same id with another body is corruption: both bodies are kept by every region, the entry is marked, and
 * nothing is ever overwritten.
 */
export interface AppendState {
  /** Sorted by time, then digest; more than one: the entry is corrupt. */
  readonly variants: readonly Variant[];
}

export interface Variant {
  readonly digest: string;
  readonly body: Json;
  /** When it was first appended, hybrid logical time. */
  readonly at: string;
}

export const emptyAppend: AppendState = { variants: [] };
const knownFields: ReadonlySet<string> = new Set<keyof AppendState | 'kind'>(['kind', 'variants']);
const knownOfVariant: ReadonlySet<string> = new Set<keyof Variant>(['digest', 'body', 'at']);

export const appendEntry = (at: string, body: Json): AppendState => ({ variants: [{ digest: digestOf(body), body, at }] });

const compare = (a: Variant, b: Variant): number =>
  a.at !== b.at ? (a.at < b.at ? -1 : 1) : a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : 0;

/** One body, told twice: it was appended when that was said first. */
const sameEntry = (x: Variant, y: Variant): Variant => ({ ...(y.at < x.at ? y : x), ...joinUnknown(x, y, knownOfVariant) });

export const mergeAppends = (a: AppendState, b: AppendState): AppendState => {
  const byDigest = new Map<string, Variant>();
  for (const variant of [...a.variants, ...b.variants]) {
    const known = byDigest.get(variant.digest);
    byDigest.set(variant.digest, known ? sameEntry(known, variant) : variant);
  }
  return { ...joinUnknown(a, b, knownFields), variants: [...byDigest.values()].sort(compare) };
};

export const isCorrupt = (state: AppendState): boolean => state.variants.length > 1;
