import type { EventData } from '@lapidary/contracts/events/registry';
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
import type { RemovalNote } from '@lapidary/replication/collections/drop-removed';
import { joinEntries } from '@lapidary/replication/collections/ledger-entries';
import { elementOf } from '@lapidary/replication/digest/element';
import type { ElementChange } from '@lapidary/replication/digest/set-digest';
import type { KnownEvents } from '@lapidary/replication/digest/vector-cover';
import type { Declaration } from '@lapidary/replication/stability';
import type { Register } from '@lapidary/replication/merge/register';
import type { Told } from '@lapidary/replication/given-up';
import { isFenced } from '@lapidary/replication/recovery/recovery-states';
import type { Position } from '@lapidary/replication/version-vector';
import type { Effects } from './effects.ts';
import { sound, type LastTaken, type Recovery } from './recovery-state.ts';
import { firstResidency, type Residency } from './residency.ts';

export interface OutboxEvent {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly data: unknown;
}

interface DocumentRow {
  readonly key: DocumentKey;
  readonly stored: StoredDocument;
  readonly facts: DocumentFacts;
}

export interface GraveRow {
  readonly key: DocumentKey;
  readonly grave: Grave;
  /** Of the event that it comes from; null: of this region's own, whose place is its place in the outbox. */
  readonly purge: { readonly event: string; readonly origin: string; readonly sequence: number | null; readonly epoch: number | null };
}

export interface DigestChange extends ElementChange {
  readonly domain: string;
}

/** Documents that may not be everywhere are a set of their own, as in the real digests. */
export const domainOf = ({ collection, kind, tenant }: DocumentKey): string => `${collection} ${kind} ${tenant}`;

/** What a region's database holds. Values are never changed in place, so a copy of the maps is a snapshot. */
export class MemoryDatabase {
  definitions = new Map<string, Register>();
  documents = new Map<string, DocumentRow>();
  conflicts = new Map<string, LedgerEntry>();
  /** Collection → how far it has been looked at again since its rules changed. */
  looks = new Map<string, LookPlace>();
  outbox: OutboxEvent[] = [];
  /** Of this database as an origin; another one after it was restored from a backup. */
  epoch = 1;
  /** Origin → how far its events are applied. */
  vector = new Map<string, Position>();
  /** Where documents of the guest may be, as it is known here. */
  residency: Residency = firstResidency;
  /** Origin → changes that it told without their contents, and owes. */
  owed = new Map<string, { readonly epoch: number; readonly first: number; readonly last: number }>();
  inbox = new Set<string>();
  /** Documents whose proposal this region must object to once it may write. */
  objections = new Map<string, DocumentKey>();
  /** What the trigger of the real database writes beside each row; never folded here, so that every change stays to be seen. */
  digestChanges: DigestChange[] = [];
  held: {
    readonly dueMs: number;
    readonly event: unknown;
    readonly id: string;
    readonly origin: string;
    readonly sequence: number;
    readonly epoch: number;
  }[] = [];
  graves = new Map<string, GraveRow>();
  /** What each other region has said last that it knows. */
  declared = new Map<string, Declaration>();
  /** What this region has said itself, and when by the number of its writes. */
  ownDeclarations: { readonly known: KnownEvents; readonly writes: number }[] = [];
  /** Key → removed fields that are to be dropped. */
  removalNotes = new Map<string, RemovalNote>();
  /** What came by repairs may go beyond what was taken in of logs: as far as this. */
  apart: KnownEvents = {};
  /** Counts changes of documents here; the number of the last one by key. */
  writes = 0;
  lastWrite = new Map<string, { readonly write: number; readonly ms: number }>();
  /** When its present transaction began. */
  nowMs = 0;
  /** Origin → the last event that was taken in of it, and where it was. */
  lastTaken = new Map<string, LastTaken>();
  /** What it ran on when it was last started. */
  identity = 0;
  recovery: Recovery = sound;
  /** Regions that were given up as lost for good, and what each region says of that, by decision. */
  givenUp: ReadonlyMap<string, Told> = new Map();
  /** Origins of whose logs nothing more is taken in (RG2). */
  fenced: ReadonlySet<string> = new Set();
  /** The others have given this region up (RG7). */
  isGivenUp = false;
  /** Origin → when it last answered for its log, and how often it ever did. */
  heard: ReadonlyMap<string, { readonly atMs: number; readonly times: number }> = new Map();
  /** Decision → how often the lost region had been heard when it became known. */
  heardThen: ReadonlyMap<string, number> = new Map();
  /** Key → events whose effect is in its document here; nothing of a region's, only of the checkers'. */
  effects: Effects = new Map();

  copy(): MemoryDatabase {
    const copy = new MemoryDatabase();
    copy.definitions = new Map(this.definitions);
    copy.documents = new Map(this.documents);
    copy.conflicts = new Map(this.conflicts);
    copy.looks = new Map(this.looks);
    copy.outbox = [...this.outbox];
    copy.epoch = this.epoch;
    copy.vector = new Map(this.vector);
    copy.residency = this.residency;
    copy.owed = new Map(this.owed);
    copy.inbox = new Set(this.inbox);
    copy.objections = new Map(this.objections);
    copy.held = [...this.held];
    copy.digestChanges = [...this.digestChanges];
    copy.graves = new Map(this.graves);
    copy.declared = new Map(this.declared);
    copy.ownDeclarations = [...this.ownDeclarations];
    copy.removalNotes = new Map(this.removalNotes);
    copy.apart = this.apart;
    copy.writes = this.writes;
    copy.lastWrite = new Map(this.lastWrite);
    copy.lastTaken = new Map(this.lastTaken);
    copy.identity = this.identity;
    copy.recovery = this.recovery;
    copy.givenUp = this.givenUp;
    copy.fenced = this.fenced;
    copy.isGivenUp = this.isGivenUp;
    copy.heard = this.heard;
    copy.heardThen = this.heardThen;
    copy.effects = new Map(this.effects);
    return copy;
  }
}

/**
 * A transaction in memory: works on a copy that takes the original's place at the commit. `touch` stands for every wait on
 * the disk; whatever it throws is a crash, and the copy is forgotten.
 */
export class MemoryCollections implements CollectionTransaction {
  readonly database: MemoryDatabase;
  private readonly newEventId: () => string;
  private readonly touch: (what: string) => Promise<void>;
  private readonly onTold: (event: OutboxEvent) => void;

  constructor(
    database: MemoryDatabase,
    newEventId: () => string,
    touch: (what: string) => Promise<void> = async () => Promise.resolve(),
    /** Throws where nothing may be told (B1). */
    onTold: (event: OutboxEvent) => void = () => undefined,
  ) {
    this.database = database;
    this.newEventId = newEventId;
    this.touch = touch;
    this.onTold = onTold;
  }

  async definition(collection: string): Promise<Register | null> {
    await this.touch('definition');
    return this.database.definitions.get(collection) ?? null;
  }

  async saveDefinition(collection: string, definition: Register): Promise<void> {
    await this.touch('saveDefinition');
    this.database.definitions.set(collection, definition);
  }

  async document(key: DocumentKey): Promise<StoredDocument | null> {
    await this.touch('document');
    return this.database.documents.get(keyText(key))?.stored ?? null;
  }

  async saveDocument(key: DocumentKey, stored: StoredDocument, facts: DocumentFacts, _note: ChangeNote): Promise<void> {
    await this.touch('saveDocument');
    const before = this.database.documents.get(keyText(key))?.facts.digest;
    this.database.documents.set(keyText(key), { key, stored, facts });
    this.database.lastWrite.set(keyText(key), { write: this.database.writes++, ms: this.database.nowMs });
    if (before === facts.digest) return;
    const elementFor = (digest: string) => elementOf(key.tenant, key.id, digest);
    const removed = before === undefined ? null : elementFor(before);
    this.database.digestChanges.push({ domain: domainOf(key), removed, added: elementFor(facts.digest) });
  }

  async documents(keys: readonly DocumentKey[]): Promise<ReadonlyMap<string, StoredDocument>> {
    await this.touch('documents');
    return new Map(
      keys.flatMap((key) => {
        const row = this.database.documents.get(keyText(key));
        return row ? [[keyText(key), row.stored] as const] : [];
      }),
    );
  }

  async conflicted(collection: string, after: LookPlace, max: number): Promise<DocumentKey[]> {
    await this.touch('conflicted');
    const isLater = (a: LookPlace, b: LookPlace): boolean => (a.tenant === b.tenant ? a.id > b.id : a.tenant > b.tenant);
    return [...this.database.documents.values()]
      .filter(({ key, facts }) => key.collection === collection && key.kind === 'lww' && facts.conflicts > 0 && isLater(key, after))
      .map(({ key }) => key)
      .sort((a, b) => (isLater(a, b) ? 1 : -1))
      .slice(0, max);
  }

  async saveConflicts(counts: readonly ConflictCount[]): Promise<void> {
    await this.touch('saveConflicts');
    for (const { key, conflicts } of counts) {
      const row = this.database.documents.get(keyText(key));
      if (row) this.database.documents.set(keyText(key), { ...row, facts: { ...row.facts, conflicts } });
    }
  }

  async lookPlace(collection: string): Promise<LookPlace | null> {
    await this.touch('lookPlace');
    return this.database.looks.get(collection) ?? null;
  }

  async saveLookPlace(collection: string, place: LookPlace | null): Promise<void> {
    await this.touch('saveLookPlace');
    if (place === null) this.database.looks.delete(collection);
    else this.database.looks.set(collection, place);
  }

  async grave(key: DocumentKey): Promise<Grave | null> {
    await this.touch('grave');
    return this.database.graves.get(keyText(key))?.grave ?? null;
  }

  async saveGrave(key: DocumentKey, grave: Grave, purge: ChangeNote | null): Promise<void> {
    await this.touch('saveGrave');
    const known = this.database.graves.get(keyText(key))?.purge;
    const from = purge
      ? { event: purge.event, origin: purge.origin, sequence: purge.sequence ?? null, epoch: purge.epoch ?? null }
      : known!;
    this.database.graves.set(keyText(key), { key, grave, purge: from });
  }

  async removeDocument(key: DocumentKey): Promise<void> {
    await this.touch('removeDocument');
    const before = this.database.documents.get(keyText(key))?.facts.digest;
    if (before === undefined) return;
    this.database.documents.delete(keyText(key));
    const removed = elementOf(key.tenant, key.id, before);
    this.database.digestChanges.push({ domain: domainOf(key), removed, added: null });
  }

  async ledger(entries: readonly LedgerEntry[]): Promise<number> {
    await this.touch('ledger');
    const fresh = new Set(entries.map((e) => e.id).filter((id) => !this.database.conflicts.has(id)));
    for (const entry of entries) this.database.conflicts.set(entry.id, joinEntries(this.database.conflicts.get(entry.id), entry));
    return fresh.size;
  }

  async mayWrite(): Promise<boolean> {
    return Promise.resolve(!isFenced(this.database.recovery.state));
  }

  async oweObjection(key: DocumentKey): Promise<void> {
    await this.touch('oweObjection');
    this.database.objections.set(keyText(key), key);
  }

  async tell<T extends CollectionEvent>(type: T, subject: string, data: EventData<T>): Promise<string> {
    await this.touch('tell');
    const id = this.newEventId();
    // As the wire would carry it: what only lives in memory must not work.
    const event: OutboxEvent = { id, type, subject, data: JSON.parse(JSON.stringify(data)) };
    this.onTold(event);
    this.database.outbox.push(event);
    return id;
  }
}
