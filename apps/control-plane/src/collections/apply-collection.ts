import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { applyChange, definitionHeldUntilMs, heldUntilMs } from '@lapidary/replication/collections/apply-change';
import { keyOfChange, type NestedDocuments } from '@lapidary/replication/collections/collection-store';
import { applyDefinition } from '@lapidary/replication/collections/definitions';
import type { Register } from '@lapidary/replication/merge/register';
import { holdResidencies } from '../residency/holding.js';
import { noteWithheld } from '../residency/withheld.js';
import { tickOf } from './collection-tools.js';
import { DocumentBatch, openDocuments } from './document-batch.js';
import { PostgresCollections } from './postgres-collections.js';

export interface CollectionApplyTools {
  readonly region: string;
  readonly clock: HybridLogicalClock;
  readonly nested: () => Promise<NestedDocuments>;
  /** New entries of the conflict ledger. */
  readonly onLosses: (collection: string, count: number) => void;
  /** A change of a history that had ended without it. */
  readonly onLate: (origin: string) => void;
}

const storeOf = (tx: Tx, event: EventEnvelope, tools: CollectionApplyTools): PostgresCollections =>
  new PostgresCollections(tx, tools.clock, { region: tools.region, actor: event.actor, requestId: event.requestid, reason: null });

/**
 * Takes in another region's fact about a collection. The data go in as they came, since validation would drop what a newer
 * version has added (P-SC1); they were validated before.
 */
export const applyCollectionEvent = async (tx: Tx, event: EventEnvelope, tools: CollectionApplyTools): Promise<void> => {
  if (event.type === 'lapidary.collection.defined.v1') {
    const dueMs = definitionHeldUntilMs(definitionOf(event).definition, Date.now());
    if (dueMs === null) await takeDefinition(tx, event, tools);
    else await hold(tx, event, dueMs);
    return;
  }
  await applyDocumentChanges(tx, [event], tools);
};

const definitionOf = (event: EventEnvelope) => event.data as unknown as { readonly collection: string; readonly definition: Register };

const takeDefinition = async (tx: Tx, event: EventEnvelope, tools: CollectionApplyTools): Promise<void> => {
  const { collection, definition } = definitionOf(event);
  await applyDefinition(storeOf(tx, event, tools), collection, definition);
};

/** Takes in changes of documents, in their order: read, merged and written together. */
export const applyDocumentChanges = async (tx: Tx, events: readonly EventEnvelope[], tools: CollectionApplyTools): Promise<void> => {
  const due: EventEnvelope[] = [];
  // Asked before it is held for its time, which would keep its contents here meanwhile.
  for (const event of await mayTakeIn(tx, events)) {
    // A change from so far ahead that it waits for its time.
    const dueMs = heldUntilMs(event.data as unknown as DocumentChanged, Date.now());
    if (dueMs === null) due.push(event);
    else await hold(tx, event, dueMs);
  }
  await mergeDocuments(tx, due, tools);
};

const hold = async (tx: Tx, event: EventEnvelope, dueMs: number): Promise<void> => {
  await tx.query(
    'INSERT INTO held_change (event_id, origin, event, due_at) VALUES ($1, $2, $3::jsonb, to_timestamp($4 / 1000.0)) ON CONFLICT DO NOTHING',
    [event.id, event.originregion, JSON.stringify(event), dueMs],
  );
};

/** What was held for its time. */
export const applyHeld = async (tx: Tx, event: EventEnvelope, tools: CollectionApplyTools): Promise<void> =>
  event.type === 'lapidary.collection.defined.v1'
    ? await takeDefinition(tx, event, tools)
    : await mergeDocuments(tx, await mayTakeIn(tx, [event]), tools);

/** I3, at the reader: its own word counts, since the writer's may be older. What it may not have is asked for again if it may later. */
const mayTakeIn = async (tx: Tx, events: readonly EventEnvelope[]): Promise<readonly EventEnvelope[]> => {
  const tenantOf = (event: EventEnvelope): string => (event.data as unknown as DocumentChanged).tenant;
  const elsewhere = await holdResidencies(tx, events.map(tenantOf));
  for (const event of events) if (elsewhere.has(tenantOf(event))) await noteWithheld(tx, tenantOf(event), event);
  return events.filter((event) => !elsewhere.has(tenantOf(event)));
};

const mergeDocuments = async (tx: Tx, events: readonly EventEnvelope[], tools: CollectionApplyTools): Promise<void> => {
  if (events.length === 0) return;
  const changes = events.map((event) => ({ event, changed: event.data as unknown as DocumentChanged }));
  const { region, clock } = tools;
  const opened = await openDocuments(
    tx,
    changes.map(({ changed }) => keyOfChange(changed)),
  );
  const batch = new DocumentBatch(tx, region, clock, opened);
  const site = { region, nested: await tools.nested(), tick: tickOf(clock) };
  for (const { event, changed } of changes) {
    const { id, originregion: origin, actor, requestid: requestId, hlc: at } = event;
    const note = { event: id, origin, actor, requestId, at, sequence: event.originsequence, epoch: event.originepoch };
    if ((await applyChange(batch, site, changed, note)).isLate) tools.onLate(origin);
  }
  for (const [collection, lost] of await batch.flush()) tools.onLosses(collection, lost);
};
