import type { EventData } from '@lapidary/contracts/events/registry';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import {
  keyText,
  type ChangeNote,
  type CollectionEvent,
  type CollectionTransaction,
  type ConflictCount,
  type DocumentFacts,
  type DocumentKey,
  type Grave,
  type LedgerEntry,
  type LookPlace,
  type StoredDocument,
} from '@lapidary/replication/collections/collection-store';
import type { Register } from '@lapidary/replication/merge/register';
import { isRegionFenced } from '../fence/recovery-rows.js';
import { readGraves, writeGraves } from './grave-rows.js';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { writeLedger } from './ledger-rows.js';
import { oweObjection } from './owed-objections.js';
import { conflictedAfter, lockPlace, writeConflicts, writePlace } from './look-rows.js';
import { lockStored, lockStoredHere, removeStored, writeStored } from './stored-documents.js';

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
    return (await lockStored(this.tx, [key])).get(keyText(key)) ?? null;
  }

  async saveDocument(key: DocumentKey, stored: StoredDocument, facts: DocumentFacts, note: ChangeNote): Promise<void> {
    const ownEvent = note.origin === this.context.region ? note.event : null;
    await writeStored(this.tx, [{ key, stored, facts, ownEvent }], [{ ...key, ...note }]);
  }

  async documents(keys: readonly DocumentKey[]): Promise<ReadonlyMap<string, StoredDocument>> {
    return await lockStoredHere(this.tx, keys);
  }

  async conflicted(collection: string, after: LookPlace, max: number): Promise<DocumentKey[]> {
    return await conflictedAfter(this.tx, collection, after, max);
  }

  async saveConflicts(counts: readonly ConflictCount[]): Promise<void> {
    await writeConflicts(this.tx, counts);
  }

  async lookPlace(collection: string): Promise<LookPlace | null> {
    return await lockPlace(this.tx, collection);
  }

  async saveLookPlace(collection: string, place: LookPlace | null): Promise<void> {
    await writePlace(this.tx, collection, place);
  }

  async grave(key: DocumentKey): Promise<Grave | null> {
    return (await readGraves(this.tx, [key])).get(keyText(key)) ?? null;
  }

  async saveGrave(key: DocumentKey, grave: Grave, purge: ChangeNote | null): Promise<void> {
    await writeGraves(this.tx, [{ key, grave, purge }]);
  }

  async removeDocument(key: DocumentKey): Promise<void> {
    await removeStored(this.tx, [key]);
  }

  async ledger(entries: readonly LedgerEntry[]): Promise<number> {
    const fresh = await writeLedger(this.tx, entries);
    return [...fresh.values()].reduce((sum, count) => sum + count, 0);
  }

  async mayWrite(): Promise<boolean> {
    return !(await isRegionFenced(this.tx));
  }

  async oweObjection(key: DocumentKey): Promise<void> {
    await oweObjection(this.tx, key);
  }

  async tell<T extends CollectionEvent>(type: T, subject: string, data: EventData<T>): Promise<string> {
    return await recordEvent(this.tx, this.context, this.clock, type, subject, data);
  }
}
