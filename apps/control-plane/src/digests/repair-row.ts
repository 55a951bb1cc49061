import type { DigestRow } from '@lapidary/contracts/digest-protocol';
import { eventSchemas } from '@lapidary/contracts/events/registry';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { isAppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import type { DocumentKey, StoredDocument } from '@lapidary/replication/collections/collection-store';
import { policyFor } from '@lapidary/replication/collections/definitions';
import { digestOfState, emptyState, latestOfState, type DocumentState } from '@lapidary/replication/collections/document-state';
import { factsOf } from '@lapidary/replication/collections/facts';
import { wholeChange } from '@lapidary/replication/collections/whole-change';
import { applyCollectionEvent, type CollectionApplyTools } from '../collections/apply-collection.js';
import { PostgresCollections } from '../collections/postgres-collections.js';
import type { CommandContext } from '../http/command-context.js';
import type { DigestDomain } from './digest-rows.js';

/**
 * merged: ours knows now what the peer's knew. unchanged: it did already, so the peer has to take ours. restored: ours was corrupt and is
 * what it was. refused: a person has to look.
 */
export type RepairOutcome = 'merged' | 'unchanged' | 'restored' | 'refused';

export interface RowRepair {
  readonly outcome: RepairOutcome;
  readonly why: string | null;
  /** It may be done once what is under way there has ended. */
  readonly passes?: boolean;
  /** Regions that did not answer. */
  readonly away?: readonly string[];
}

const refused = (why: string): RowRepair => ({ outcome: 'refused', why });

/**
 * Puts one document right with a peer's state of it, by the merge that every change goes through: nothing that is known here is ever
 * overwritten. The one exception is a document that is certainly corrupt, and only by a state whose digest ours had when it was written,
 * or has really. `isCorrupt`: the scrub says so, where the state alone doesn't show it.
 */
export const repairRow = async (
  tx: Tx,
  tools: CollectionApplyTools,
  context: CommandContext,
  peer: string,
  domain: DigestDomain,
  theirs: DigestRow,
  isCorrupt: boolean,
): Promise<RowRepair> => {
  if (theirs.held) return { ...refused('it is being changed there, or waits for something'), passes: true };
  if (theirs.digest === null) return { outcome: 'unchanged', why: `${peer} has nothing of it; it takes ours` };
  const incoming = readState(domain, theirs);
  if (typeof incoming === 'string') return refused(incoming);
  const { collection, kind } = domain;
  const key: DocumentKey = { collection, kind, tenant: theirs.tenant, id: theirs.id };
  const store = new PostgresCollections(tx, tools.clock, context);
  const own = await ownOf(store, key);
  const kept = own && (await digestColumn(tx, key));
  const real = own && digestOfState(own.state);
  if (own && (isCorrupt || kept !== real)) {
    if (theirs.digest !== kept && theirs.digest !== real)
      return refused(`ours is corrupt, and what ${peer} has is neither what it was nor what it is`);
    const { facts } = factsOf(incoming, await policyFor(store, collection, kind));
    const at = latestOfState(incoming.state);
    const note = { event: `repair.${newId()}`, origin: peer, actor: context.actor, requestId: context.requestId, at };
    await store.saveDocument(key, { ...incoming, toldInPart: own.toldInPart }, facts, note);
    return { outcome: 'restored', why: null };
  }
  await applyCollectionEvent(tx, envelopeOf(peer, key, incoming, context), tools);
  const after = await digestColumn(tx, key);
  return after === kept
    ? { outcome: 'unchanged', why: `ours knows all of it; ${peer} has to take ours` }
    : { outcome: 'merged', why: null };
};

/** What can't be read any more counts as nothing that anybody wrote, which is not what its digest says. */
const ownOf = async (store: PostgresCollections, key: DocumentKey): Promise<StoredDocument | null> => {
  try {
    return await store.document(key);
  } catch (error) {
    if (!isAppError(error) || error.code !== 'poison_event') throw error;
    return { state: emptyState(key.kind), bytes: null, toldInPart: 0 };
  }
};

/** What a peer says is checked like an event of its: form, kind, and that it is what its digest says. Text: why it is refused. */
const readState = ({ collection, kind }: DigestDomain, row: DigestRow): StoredDocument | string => {
  const state = row.state as DocumentState;
  const bytes = typeof row.automerge === 'string' ? new Uint8Array(Buffer.from(row.automerge, 'base64')) : null;
  try {
    if (state.kind !== kind) return 'what the peer sent is of another kind';
    const stored: StoredDocument = { state, bytes, toldInPart: 0 };
    const change = wholeChange({ collection, kind, tenant: row.tenant, id: row.id }, stored);
    if (!eventSchemas['lapidary.document.changed.v1'].safeParse(change).success) return 'what the peer sent does not fit its schema';
    return digestOfState(state) === row.digest ? stored : 'what the peer has is not what its digest says: its own scrub tells of it';
  } catch {
    return 'what the peer sent can’t be read';
  }
};

const digestColumn = async (tx: Tx, { collection, kind, tenant, id }: DocumentKey): Promise<string | null> =>
  (
    await rowsOf<{ digest: string }>(tx, 'SELECT digest FROM document WHERE collection = $1 AND kind = $2 AND tenant = $3 AND id = $4', [
      collection,
      kind,
      tenant,
      id,
    ])
  )[0]?.digest ?? null;

/** Never published and never numbered: a repair is between two regions. */
const envelopeOf = (peer: string, key: DocumentKey, stored: StoredDocument, context: CommandContext) => ({
  specversion: '1.0' as const,
  id: `repair.${newId()}`,
  source: `/regions/${peer}`,
  type: 'lapidary.document.changed.v1',
  subject: `document/${key.collection}/${key.tenant}/${key.id}`.slice(0, 200),
  time: new Date().toISOString(),
  originregion: peer,
  originepoch: 1,
  originsequence: 1,
  hlc: latestOfState(stored.state),
  requestid: context.requestId,
  actor: context.actor,
  data: wholeChange(key, stored) as unknown as Record<string, unknown>,
});
