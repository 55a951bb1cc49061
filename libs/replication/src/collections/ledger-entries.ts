import type { CollectionPolicy } from '@lapidary/contracts/api/collections';
import type { Loss } from '@lapidary/contracts/events/collection-events';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { documentItself, ruleOf } from '../merge/lww.js';
import { subjectOf, type DocumentKey, type LedgerEntry } from './collection-store.js';
import { lossesOf, type DocumentState } from './document-state.js';

const ruleText = (policy: CollectionPolicy, field: string): string => {
  if (policy.kind === 'lww') return `lww ${field === documentItself ? 'last-write' : ruleOf(policy.rules, field)}`;
  if (policy.kind === 'append') return 'append: an id has one body';
  return policy.kind === 'document'
    ? `document ${field === documentItself ? 'last-write' : 'by Automerge’s order of operations'}`
    : 'counter last-write';
};

/** Of Automerge’s lists and objects an identity and not a value has lost: they grow as long as somebody who has not seen them lose writes into them. */
const isGrowing = ({ kind }: CollectionPolicy, { field, loser }: Loss): boolean =>
  kind === 'document' && field !== documentItself && typeof loser.value === 'object' && loser.value !== null;

/**
 * Losses as rows of the conflict ledger. A loser is known by its write, so every region writes the same row. `told`: of which others say that
 * they lost; `held`: which the document has now. `isWaiting`: changes are here that follow some which have not come. Of a loser that grows nobody
 * knows more than the document, unless it is waiting: then neither takes the place of the other, and who replaced a loser has a row of what it saw.
 */
export const ledgerEntries = (
  key: DocumentKey,
  policy: CollectionPolicy,
  told: readonly Loss[],
  held: readonly Loss[] = [],
  isWaiting = false,
): LedgerEntry[] => {
  const loserOf = (loss: Loss, isHeld: boolean): readonly unknown[] =>
    isWaiting && !isHeld && isGrowing(policy, loss) ? [loss.loser.at, loss.loser.value] : [loss.loser.at];
  const entryOf = (loss: Loss, isHeld: boolean): LedgerEntry => ({
    ...loss,
    id: `collection:${digestOf([key.kind, subjectOf(key), loss.field, ...loserOf(loss, isHeld)]).slice(0, 32)}`,
    collection: key.collection,
    tenant: key.tenant,
    document: key.id,
    policy: ruleText(policy, loss.field),
    cause: `${[...new Set([loss.winner.region, loss.loser.region])].sort().join(' and ')} wrote ${loss.field === documentItself ? 'the document' : loss.field} without having seen each other’s write`,
    isGrowing: isHeld && !isWaiting && isGrowing(policy, loss),
  });
  return [...told.map((loss) => entryOf(loss, false)), ...held.map((loss) => entryOf(loss, true))];
};

/**
 * Of what a document of fields has lost, what it had not lost before, or to another winner: the rest was written down with the change that
 * brought it, or by who changed the policy since (definitions.ts). Every merge of a document in conflict would else send all of it again.
 */
export const lossesSince = (before: DocumentState | null, losses: readonly Loss[], policy: CollectionPolicy): readonly Loss[] => {
  if (losses.length === 0 || before?.kind !== 'lww') return losses;
  const nameOf = ({ field, winner, loser }: Loss): string => `${winner.at} ${loser.at} ${field}`;
  const known = new Set(lossesOf(before, policy).map(nameOf));
  return losses.filter((loss) => !known.has(nameOf(loss)));
};

/** One row after another of the same loser: the latest winner; the loser as it was written down first, or as it has grown to since. */
export const joinEntries = (before: LedgerEntry | undefined, entry: LedgerEntry): LedgerEntry => ({
  ...entry,
  loser: before && !entry.isGrowing ? before.loser : entry.loser,
  isGrowing: entry.isGrowing || before?.isGrowing === true,
});
