import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { applyChange, heldUntilMs } from '@lapidary/replication/collections/apply-change';
import type { NestedDocuments } from '@lapidary/replication/collections/collection-store';
import { applyDefinition } from '@lapidary/replication/collections/definitions';
import type { Register } from '@lapidary/replication/merge/register';
import { lockResidency, notHeldHere } from '../residency/holding.js';
import { noteWithheld } from '../residency/withheld.js';
import { PostgresCollections } from './postgres-collections.js';

export interface CollectionApplyTools {
  readonly region: string;
  readonly clock: HybridLogicalClock;
  readonly nested: () => Promise<NestedDocuments>;
  /** New entries of the conflict ledger. */
  readonly onLosses: (collection: string, count: number) => void;
}

const storeOf = (tx: Tx, event: EventEnvelope, tools: CollectionApplyTools): PostgresCollections =>
  new PostgresCollections(tx, tools.clock, { region: tools.region, actor: event.actor, requestId: event.requestid, reason: null });

/**
 * Takes in another region's fact about a collection. The data go in as they came, since validation would drop what a newer
 * version has added (P-SC1); they were validated before.
 */
export const applyCollectionEvent = async (tx: Tx, event: EventEnvelope, tools: CollectionApplyTools): Promise<void> => {
  if (event.type === 'lapidary.collection.defined.v1') {
    const { collection, definition } = event.data as unknown as { collection: string; definition: Register };
    await applyDefinition(storeOf(tx, event, tools), collection, definition);
    return;
  }
  // Asked before it is held for its time, which would keep its contents here meanwhile.
  if (!(await mayTakeIn(tx, event))) return;
  const dueMs = heldUntilMs(event.data as unknown as DocumentChanged, Date.now());
  if (dueMs === null) await mergeDocument(tx, event, tools);
  else {
    await tx.query(
      'INSERT INTO held_change (event_id, origin, event, due_at) VALUES ($1, $2, $3::jsonb, to_timestamp($4 / 1000.0)) ON CONFLICT DO NOTHING',
      [event.id, event.originregion, JSON.stringify(event), dueMs],
    );
  }
};

/** A change that was held for its time. */
export const applyHeld = async (tx: Tx, event: EventEnvelope, tools: CollectionApplyTools): Promise<void> => {
  if (await mayTakeIn(tx, event)) await mergeDocument(tx, event, tools);
};

/** I3, at the reader: its own word counts, since the writer's may be older. What it may not have is asked for again if it may later. */
const mayTakeIn = async (tx: Tx, event: EventEnvelope): Promise<boolean> => {
  const { tenant } = event.data as unknown as DocumentChanged;
  if (tenant === '') return true;
  await lockResidency(tx, tenant, 'shared');
  if (!(await notHeldHere(tx, [tenant])).has(tenant)) return true;
  await noteWithheld(tx, tenant, event);
  return false;
};

const mergeDocument = async (tx: Tx, event: EventEnvelope, tools: CollectionApplyTools): Promise<void> => {
  const changed = event.data as unknown as DocumentChanged;
  const lost = await applyChange(storeOf(tx, event, tools), await tools.nested(), changed, {
    event: event.id,
    origin: event.originregion,
    actor: event.actor,
    requestId: event.requestid,
    at: event.hlc,
  });
  if (lost > 0) tools.onLosses(changed.collection, lost);
};
