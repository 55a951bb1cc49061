import type { CollectionPolicy, PolicyPreview } from '@lapidary/contracts/api/collections';
import type { Loss } from '@lapidary/contracts/events/collection-events';
import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { own, type Json } from '../merge/json.js';
import { documentItself, ruleOf } from '../merge/lww.js';
import { resolveRegister } from '../merge/resolve.js';
import { viewState, type DocumentState } from './document-state.js';

type Change = PolicyPreview['changes'][number];
type Named = Pick<Change, 'tenant' | 'id'>;

const asFields = (value: Json | undefined): { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as { readonly [key: string]: Json }) : {};

/** What a document would show otherwise under another policy: states keep every concurrent value, so they are resolved anew. */
export const previewState = (named: Named, state: DocumentState, before: CollectionPolicy, after: CollectionPolicy): Change[] => {
  const [was, would] = [asFields(viewState(state, before)?.value), asFields(viewState(state, after)?.value)];
  const fields = [...new Set([...Object.keys(was), ...Object.keys(would)])].sort();
  return fields.flatMap((field): Change[] => {
    const [x, y] = [own(was, field), own(would, field)];
    const same = canonicalJson({ value: x }) === canonicalJson({ value: y });
    return same ? [] : [{ ...named, field, before: x ?? null, after: y ?? null, from: 'state' }];
  });
};

/** A delete stands in the ledger as false. So may a switch that is off: that one has lost to, or won against, another switch. */
const isDelete = (winner: Loss['winner'], loser: Loss['loser']): boolean => winner.value === false && typeof loser.value !== 'boolean';

/** A past decision of the ledger, taken again; null where the policy would have decided the same. */
export const previewDecision = (named: Named, { field, winner, loser }: Loss, after: CollectionPolicy): Change | null => {
  // Deletes, and a value that lost to one, go by time under every policy; so do kinds without rules.
  if (after.kind !== 'lww' || field === documentItself || isDelete(winner, loser)) return null;
  const siblings = [winner, loser].map(({ at, value }) => ({ at, value: value as Json }));
  const decided = resolveRegister({ siblings, seen: {} }, ruleOf(after.rules, field)).winner;
  if (decided?.at === winner.at) return null;
  return { ...named, field, before: winner.value ?? null, after: loser.value ?? null, from: 'ledger' };
};
