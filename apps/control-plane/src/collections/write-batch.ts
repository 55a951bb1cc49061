import type { EventData } from '@lapidary/contracts/events/registry';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import type {
  ChangeNote,
  CollectionEvent,
  DocumentFacts,
  DocumentKey,
  Grave,
  LedgerEntry,
  StoredDocument,
} from '@lapidary/replication/collections/collection-store';
import type { WriteTransaction } from '@lapidary/replication/collections/execute-write';
import type { CommandContext } from '../http/command-context.js';
import { recordEvents, type EventToRecord } from '../outbox/record-events.js';
import { DocumentBatch } from './document-batch.js';

/**
 * Documents that many writes of one request change: read and locked at once, written and told at once. What PostgresCollections does
 * write by write takes as many statements for all of them, and leaves the same behind.
 */
export class WriteBatch implements WriteTransaction {
  private readonly events: EventToRecord[] = [];

  private constructor(
    private readonly tx: Tx,
    private readonly clock: HybridLogicalClock,
    private readonly context: CommandContext,
    private readonly batch: DocumentBatch,
  ) {}

  static async open(tx: Tx, clock: HybridLogicalClock, context: CommandContext, keys: readonly DocumentKey[]): Promise<WriteBatch> {
    return new WriteBatch(tx, clock, context, await DocumentBatch.open(tx, context.region, clock, keys));
  }

  async document(key: DocumentKey): Promise<StoredDocument | null> {
    return await this.batch.document(key);
  }

  async saveDocument(key: DocumentKey, stored: StoredDocument, facts: DocumentFacts, note: ChangeNote): Promise<void> {
    await this.batch.saveDocument(key, stored, facts, note);
  }

  async grave(key: DocumentKey): Promise<Grave | null> {
    return await this.batch.grave(key);
  }

  async saveGrave(key: DocumentKey, grave: Grave, purge: ChangeNote | null): Promise<void> {
    await this.batch.saveGrave(key, grave, purge);
  }

  async ledger(entries: readonly LedgerEntry[]): Promise<number> {
    return await this.batch.ledger(entries);
  }

  /** Recorded with the others, in the order in which they are told. */
  tell<T extends CollectionEvent>(type: T, subject: string, data: EventData<T>): Promise<string> {
    const id = newId();
    this.events.push({ id, hlc: this.clock.tick(), type, subject, data });
    return Promise.resolve(id);
  }

  /** Writes everything. Returns new entries of the ledger by collection. */
  async flush(): Promise<ReadonlyMap<string, number>> {
    await recordEvents(this.tx, this.context, this.events);
    return await this.batch.flush();
  }
}
