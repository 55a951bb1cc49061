import type { EventData } from '@lapidary/contracts/events/registry';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import { isRegionFenced } from '../fence/recovery-rows.js';
import { oweObjection } from './owed-objections.js';
import type { ChangeTransaction } from '@lapidary/replication/collections/apply-change';
import {
  keyText,
  subjectOf,
  type ChangeNote,
  type CollectionEvent,
  type DocumentFacts,
  type DocumentKey,
  type Grave,
  type LedgerEntry,
  type StoredDocument,
} from '@lapidary/replication/collections/collection-store';
import type { Register } from '@lapidary/replication/merge/register';
import { systemContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { readGraves, writeGraves, type WrittenGrave } from './grave-rows.js';
import { writeLedger } from './ledger-rows.js';
import { lockStored, removeStored, writeStored, type NotedChange, type WrittenDocument } from './stored-documents.js';

/** What is there of the documents of a batch, read and locked. */
export interface OpenedDocuments {
  readonly definitions: ReadonlyMap<string, Register>;
  /** By keyText; null where there is none yet. */
  readonly held: Map<string, StoredDocument | null>;
  readonly graves: Map<string, Grave>;
}

/** In one order everywhere, so that two runs never wait for each other: definitions, then documents by their names. */
export const openDocuments = async (tx: Tx, keys: readonly DocumentKey[]): Promise<OpenedDocuments> => {
  const byText = new Map(keys.map((key) => [keyText(key), key]));
  const definitions = await rowsOf<{ name: string; definition: Register }>(
    tx,
    'SELECT name, definition FROM collection WHERE name = ANY ($1) ORDER BY name FOR SHARE',
    [[...new Set(keys.map(({ collection }) => collection))]],
  );
  const found = await lockStored(tx, [...byText.values()]);
  return {
    definitions: new Map(definitions.map(({ name, definition }) => [name, definition])),
    held: new Map([...byText.keys()].map((text) => [text, found.get(text) ?? null])),
    graves: new Map(await readGraves(tx, [...byText.values()])),
  };
};

/**
 * Documents that a run of other regions' changes is merged into: read and locked at once, merged in memory, written at once. What
 * PostgresCollections does change by change takes as many statements for the run, and the same is left behind.
 */
export class DocumentBatch implements ChangeTransaction {
  private readonly written = new Map<string, WrittenDocument>();
  private readonly changes: NotedChange[] = [];
  private readonly losses: LedgerEntry[] = [];
  /** What was removed or buried, last. */
  private readonly removed = new Map<string, DocumentKey>();
  private readonly buried = new Map<string, WrittenGrave>();

  constructor(
    protected readonly tx: Tx,
    private readonly region: string,
    protected readonly clock: HybridLogicalClock,
    private readonly opened: OpenedDocuments,
  ) {}

  definition(collection: string): Promise<Register | null> {
    return Promise.resolve(this.opened.definitions.get(collection) ?? null);
  }

  document(key: DocumentKey): Promise<StoredDocument | null> {
    const held = this.opened.held.get(keyText(key));
    if (held === undefined) throw new AppError('internal', undefined, { internal: `${subjectOf(key)} was not opened` });
    return Promise.resolve(held);
  }

  saveDocument(key: DocumentKey, stored: StoredDocument, facts: DocumentFacts, note: ChangeNote): Promise<void> {
    const text = keyText(key);
    const ownEvent = note.origin === this.region ? note.event : (this.written.get(text)?.ownEvent ?? null);
    this.opened.held.set(text, stored);
    this.removed.delete(text);
    this.written.set(text, { key, stored, facts, ownEvent });
    this.changes.push({ ...key, ...note });
    return Promise.resolve();
  }

  grave(key: DocumentKey): Promise<Grave | null> {
    return Promise.resolve(this.opened.graves.get(keyText(key)) ?? null);
  }

  saveGrave(key: DocumentKey, grave: Grave, purge: ChangeNote | null): Promise<void> {
    const text = keyText(key);
    this.opened.graves.set(text, grave);
    this.buried.set(text, { key, grave, purge: purge ?? this.buried.get(text)?.purge ?? null });
    return Promise.resolve();
  }

  removeDocument(key: DocumentKey): Promise<void> {
    const text = keyText(key);
    this.opened.held.set(text, null);
    this.written.delete(text);
    this.removed.set(text, key);
    return Promise.resolve();
  }

  async mayWrite(): Promise<boolean> {
    return !(await isRegionFenced(this.tx));
  }

  async oweObjection(key: DocumentKey): Promise<void> {
    await oweObjection(this.tx, key);
  }

  /** Counted when they are written. */
  ledger(entries: readonly LedgerEntry[]): Promise<number> {
    this.losses.push(...entries);
    return Promise.resolve(0);
  }

  /** What this region has to say of what it takes in: seldom (late-writes.ts). */
  async tell<T extends CollectionEvent>(type: T, subject: string, data: EventData<T>): Promise<string> {
    return await recordEvent(this.tx, systemContext(this.region, 'generations', newId()), this.clock, type, subject, data);
  }

  /** Writes everything. Returns new entries of the ledger by collection. */
  async flush(): Promise<ReadonlyMap<string, number>> {
    await writeStored(this.tx, [...this.written.values()], this.changes);
    await removeStored(this.tx, [...this.removed.values()]);
    await writeGraves(this.tx, [...this.buried.values()]);
    return await writeLedger(this.tx, this.losses);
  }
}
