import { canonicalJson } from '@lapidary/kernel/canonical-json';
import type { Difference, Look } from './difference.js';

/** An open finding, as far as merging needs it. */
export interface OpenFinding {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly path: string;
}

export interface Merge {
  readonly appear: readonly Difference[];
  readonly seen: readonly { readonly id: string; readonly difference: Difference }[];
  readonly vanish: readonly string[];
}

const keyOf = (of: { readonly kind: string; readonly subject: string; readonly path: string }): string =>
  canonicalJson([of.kind, of.subject, of.path]);

/**
 * What a look changes about the open findings of its kind. A finding vanishes only where its own subject was looked at, or its place was
 * judged: a look that failed, or left it out, says nothing about it. Merging the same look twice changes nothing more.
 */
export const mergeFindings = (open: readonly OpenFinding[], look: Look): Merge => {
  const known = new Map(open.filter((f) => f.kind === look.kind).map((f) => [keyOf(f), f]));
  // A sensor that tells one thing twice is told once; the last word counts.
  const told = new Map(look.differences.map((d) => [keyOf(d), d]));
  const looked = new Set(look.looked);
  const judges = look.judges ?? (({ subject }: OpenFinding) => looked.has(subject));
  return {
    appear: [...told].filter(([key]) => !known.has(key)).map(([, difference]) => difference),
    seen: [...told].flatMap(([key, difference]) => {
      const finding = known.get(key);
      return finding ? [{ id: finding.id, difference }] : [];
    }),
    vanish: [...known].filter(([key, f]) => judges(f) && !told.has(key)).map(([, f]) => f.id),
  };
};
