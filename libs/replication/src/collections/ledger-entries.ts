import type { CollectionPolicy } from '@lapidary/contracts/api/collections';
import type { Loss } from '@lapidary/contracts/events/collection-events';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { documentItself, ruleOf } from '../merge/lww.js';
import { subjectOf, type DocumentKey, type LedgerEntry } from './collection-store.js';

const ruleText = (policy: CollectionPolicy, field: string): string => {
  if (policy.kind === 'lww') return `lww ${field === documentItself ? 'last-write' : ruleOf(policy.rules, field)}`;
  if (policy.kind === 'append') return 'append: an id has one body';
  return policy.kind === 'document'
    ? `document ${field === documentItself ? 'last-write' : 'by Automerge’s order of operations'}`
    : 'counter last-write';
};

/** Losses as rows of the conflict ledger. A loser is known by its write, so every region writes the same row. */
export const ledgerEntries = (key: DocumentKey, policy: CollectionPolicy, losses: readonly Loss[]): LedgerEntry[] =>
  losses.map((loss) => ({
    ...loss,
    id: `collection:${digestOf([key.kind, subjectOf(key), loss.field, loss.loser.at]).slice(0, 32)}`,
    collection: key.collection,
    tenant: key.tenant,
    document: key.id,
    policy: ruleText(policy, loss.field),
    cause: `${[...new Set([loss.winner.region, loss.loser.region])].sort().join(' and ')} wrote ${loss.field === documentItself ? 'the document' : loss.field} without having seen each other’s write`,
  }));
