import { AppError } from '@lapidary/kernel/app-error';
import type { ChangeNote, CollectionTransaction, DocumentKey, Site, StoredDocument } from './collection-store.js';
import type { Defined } from './definitions.js';
import { digestOfState, emptyState, isWaiting, latestOfState, viewState } from './document-state.js';
import { factsOf } from './facts.js';
import { isPurged, standingOn } from './graves.js';
import { ledgerEntries, lossesSince } from './ledger-entries.js';
import { tellChange } from './tell-change.js';
import { planWrite, type WriteCommand } from './write-document.js';

/** What one write of a document needs of a transaction. */
export type WriteTransaction = Pick<CollectionTransaction, 'document' | 'saveDocument' | 'grave' | 'saveGrave' | 'ledger' | 'tell'>;

export interface Executed {
  readonly stored: StoredDocument;
  /** The event that tells of it; null where nothing changed. */
  readonly event: string | null;
}

/**
 * One write of a document: planned on the locked row, stored, ledgered and told in the same transaction (I5). `check` sees
 * the digest of the present state, for If-Match; null where the document does not exist.
 */
export const executeWrite = async (
  tx: WriteTransaction,
  site: Site,
  key: DocumentKey,
  defined: Defined,
  command: WriteCommand,
  by: Pick<ChangeNote, 'actor' | 'requestId'>,
  check: (digest: string | null) => void = () => undefined,
): Promise<Executed> => {
  const row = await tx.document(key);
  const grave = isPurged(key.kind) ? await tx.grave(key) : null;
  const before = standingOn(key.kind, row, grave);
  check(before && viewState(before.state, defined.definition.policy) ? digestOfState(before.state) : null);
  const at = site.tick(before ? latestOfState(before.state) : '');
  const written = await planWrite(site, key, defined.definition, before, command, at);
  if (written === null) return { stored: before ?? { state: emptyState(key.kind), bytes: null, toldInPart: 0 }, event: null };
  const { policy, budgets } = defined.definition;
  const { facts, losses } = factsOf(written.after, policy);
  if (command.op !== 'delete') {
    if (facts.bytes > budgets.documentBytes) throw tooLarge(`${facts.bytes} bytes stored; the budget is ${budgets.documentBytes}`);
    if (written.after.state.kind === 'document' && written.after.state.changes > budgets.changes)
      throw tooLarge(`${written.after.state.changes} changes inside; the budget is ${budgets.changes}`);
  }
  const event = await tellChange(tx, key, {
    whole: written.whole,
    change: written.change,
    settled: [...written.settled],
    ...(grave?.isForgotten === true ? { fresh: true } : {}),
  });
  await tx.saveDocument(key, written.after, facts, { event, origin: site.region, actor: by.actor, requestId: by.requestId, at });
  if (grave !== null && grave.contents !== null) await tx.saveGrave(key, { ...grave, contents: null }, null);
  const lost = written.settled.length === 0 ? lossesSince(before?.state ?? null, losses, policy) : losses;
  await tx.ledger(ledgerEntries(key, policy, written.settled, lost, isWaiting(written.after.state)));
  return { stored: written.after, event };
};

const tooLarge = (message: string): AppError => new AppError('budget_exceeded', message);
