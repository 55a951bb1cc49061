import type { EventData } from '@lapidary/contracts/events/registry';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import {
  type ChangeNote,
  type CollectionTransaction,
  type DocumentFacts,
  type DocumentKey,
  type LedgerEntry,
  type StoredDocument,
} from '@lapidary/replication/collections/collection-store';
import type { DocumentState } from '@lapidary/replication/collections/document-state';
import type { Register } from '@lapidary/replication/merge/register';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { lockDocuments } from './document-locks.js';
import { writeLedger } from './ledger-rows.js';

/** Watchers listen here; the payload is the collection. */
export const changeChannel = 'lapidary_change';

interface Row {
  readonly state: DocumentState;
  readonly automerge: Buffer | null;
  readonly told_in_part: number;
}

const keyOf = ({ collection, kind, tenant, id }: DocumentKey): string[] => [collection, kind, tenant, id];

/** Collections in a transaction of this region's database. */
export class PostgresCollections implements CollectionTransaction {
  constructor(
    private readonly tx: Tx,
    private readonly clock: HybridLogicalClock,
    private readonly context: CommandContext,
  ) {}

  async definition(collection: string): Promise<Register | null> {
    // Shared by writers of documents, exclusive for who defines (saveDefinition): definitions are read far more than written.
    const [row] = await rowsOf<{ definition: Register }>(this.tx, 'SELECT definition FROM collection WHERE name = $1 FOR SHARE', [
      collection,
    ]);
    return row?.definition ?? null;
  }

  async saveDefinition(collection: string, definition: Register): Promise<void> {
    await this.tx.query(
      `INSERT INTO collection (name, definition) VALUES ($1, $2::jsonb)
       ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, updated_at = now()`,
      [collection, JSON.stringify(definition)],
    );
  }

  async document(key: DocumentKey): Promise<StoredDocument | null> {
    await lockDocuments(this.tx, [key]);
    const [row] = await rowsOf<Row>(
      this.tx,
      'SELECT state, automerge, told_in_part FROM document WHERE collection = $1 AND kind = $2 AND tenant = $3 AND id = $4 FOR UPDATE',
      keyOf(key),
    );
    return row
      ? { state: row.state, bytes: row.automerge === null ? null : new Uint8Array(row.automerge), toldInPart: row.told_in_part }
      : null;
  }

  async saveDocument(key: DocumentKey, document: StoredDocument, facts: DocumentFacts, note: ChangeNote): Promise<void> {
    const isOwn = note.origin === this.context.region;
    await this.tx.query(
      `WITH stored AS (
         INSERT INTO document AS d (collection, kind, tenant, id, state, automerge, told_in_part, exists, digest, bytes, conflicts, latest, own_event)
         VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (collection, kind, tenant, id) DO UPDATE SET state = excluded.state, automerge = excluded.automerge,
           told_in_part = excluded.told_in_part, exists = excluded.exists, digest = excluded.digest, bytes = excluded.bytes,
           conflicts = excluded.conflicts, latest = excluded.latest, own_event = coalesce(excluded.own_event, d.own_event),
           updated_at = clock_timestamp()),
       noted AS (
         INSERT INTO change (collection, kind, tenant, document, event, origin, hlc, actor, request_id)
         VALUES ($1, $2, $3, $4, $14, $15, $16, $17, $18))
       SELECT pg_notify('${changeChannel}', $1)`,
      [
        ...keyOf(key),
        JSON.stringify(document.state),
        document.bytes === null ? null : Buffer.from(document.bytes),
        document.toldInPart,
        facts.exists,
        facts.digest,
        facts.bytes,
        facts.conflicts,
        facts.latest,
        isOwn ? note.event : null,
        note.event,
        note.origin,
        note.at,
        note.actor,
        note.requestId,
      ],
    );
  }

  async conflicted(collection: string): Promise<DocumentKey[]> {
    return await rowsOf<DocumentKey>(
      this.tx,
      'SELECT collection, kind, tenant, id FROM document WHERE collection = $1 AND conflicts > 0 ORDER BY kind, tenant, id',
      [collection],
    );
  }

  async saveFacts(key: DocumentKey, facts: DocumentFacts): Promise<void> {
    await this.tx.query(
      'UPDATE document SET exists = $5, digest = $6, bytes = $7, conflicts = $8 WHERE collection = $1 AND kind = $2 AND tenant = $3 AND id = $4',
      [...keyOf(key), facts.exists, facts.digest, facts.bytes, facts.conflicts],
    );
  }

  async ledger(entries: readonly LedgerEntry[]): Promise<number> {
    const fresh = await writeLedger(this.tx, entries);
    return [...fresh.values()].reduce((sum, count) => sum + count, 0);
  }

  async tell<T extends 'lapidary.collection.defined.v1' | 'lapidary.document.changed.v1'>(
    type: T,
    subject: string,
    data: EventData<T>,
  ): Promise<string> {
    return await recordEvent(this.tx, this.context, this.clock, type, subject, data);
  }
}
