import type { PolicyKind } from '@lapidary/contracts/api/collections';
import type { DocumentChanged, Loss } from '@lapidary/contracts/events/collection-events';
import type { EventData } from '@lapidary/contracts/events/registry';
import type { DocumentEdit, TextFields } from '../automerge/document-edits.js';
import type { Documented, Edited, Taken } from '../automerge/document-engine.js';
import type { Json } from '../merge/json.js';
import type { Register, Seen } from '../merge/register.js';
import type { DocumentState } from './document-state.js';

export interface DocumentKey {
  readonly collection: string;
  readonly kind: PolicyKind;
  /** Empty in a collection of the fleet. */
  readonly tenant: string;
  readonly id: string;
}

export interface StoredDocument {
  readonly state: DocumentState;
  /** Of a nested document: Automerge's. */
  readonly bytes: Uint8Array | null;
  /** This region's changes since it last told the whole state. */
  readonly toldInPart: number;
}

/**
 * What is left of a document whose tombstone was purged (docs/adr/0052).
 *
 * Let J be the merge of all changes of a key that a region knows, and P what its purges cover (`seen`):
 *   T1  the document has a row if and only if J has a write that P does not cover; hence regions that know the same have the same rows,
 *       and the same digests
 *   T2  `contents` is J while there is no row, until the purge is stable; what is written meanwhile stands on it, and is told whole
 *   T3  once the purge is stable it is forgotten: no region can send a change any more that stands on J, but a restored one; what is
 *       covered is dropped, and writes begin anew and say so (`fresh`), so that every other region forgets before it takes them
 *   T4  a purge begins the next life of a counter (C4) or the next history of a nested document (G1–G5, with nothing in it): who knows of the
 *       purge writes in it, so that what was forgotten somewhere is missed nowhere, and no writer numbers anything twice. A write by who
 *       did not know of it, not covered by P, brings the old one back, with all that was written since
 *   T5  a purge is stable by its place in the log that it was told in last, under the epoch that this log has: a region that was restored begins
 *       another one, where the same number is another event's. It is told again by it, or by whoever has its grave
 */
export interface Grave {
  readonly seen: Seen;
  readonly isForgotten: boolean;
  /** Null where it is forgotten, where there is a row, and where nothing was known when the purge came. */
  readonly contents: StoredDocument | null;
  /** T4: what is left of the contents to begin anew with; null of kinds that need nothing. */
  readonly beginning: DocumentState | null;
}

/** What is read without opening the state. */
export interface DocumentFacts {
  readonly exists: boolean;
  readonly digest: string;
  readonly bytes: number;
  /** Values that are not shown. */
  readonly conflicts: number;
  readonly latest: string;
  /** So many fields have no value any more that they are to be dropped (drop-removed.ts). */
  readonly removedDue: boolean;
}

/** The last document that was looked at. */
export type LookPlace = Pick<DocumentKey, 'tenant' | 'id'>;
/** Before every document. */
export const firstPlace: LookPlace = { tenant: '', id: '' };

/** How many values of a document are not shown. */
export interface ConflictCount {
  readonly key: DocumentKey;
  readonly conflicts: number;
}

/** Who changed a document, and by which event: one row of its history. */
export interface ChangeNote {
  readonly event: string;
  readonly origin: string;
  readonly actor: string;
  readonly requestId: string;
  readonly at: string;
  /** Its place in the origin's log; null where it has none yet, and then it has no epoch either. */
  readonly sequence?: number | null;
  readonly epoch?: number | null;
}

/** What is told of collections, and of what a region knows of them. */
export type CollectionEvent = 'lapidary.collection.defined.v1' | 'lapidary.document.changed.v1' | 'lapidary.region.knows.v1';

export interface LedgerEntry extends Loss {
  /** The same in every region that has all of the document. */
  readonly id: string;
  readonly collection: string;
  readonly tenant: string;
  readonly document: string;
  readonly policy: string;
  readonly cause: string;
  /** The loser is a list or an object that is still in the document, all of which is here: what others write into it goes on, and the row follows. */
  readonly isGrowing: boolean;
}

/**
 * One transaction on a region's collections: everything that it does holds together or not at all (I5). Two implementations,
 * Postgres and the simulation's, pass one contract suite.
 */
export interface CollectionTransaction {
  /** Locked until the end of the transaction, also where there is none yet. */
  definition(collection: string): Promise<Register | null>;
  saveDefinition(collection: string, definition: Register): Promise<void>;
  /** Locked until the end of the transaction, also where there is none yet. */
  document(key: DocumentKey): Promise<StoredDocument | null>;
  saveDocument(key: DocumentKey, document: StoredDocument, facts: DocumentFacts, note: ChangeNote): Promise<void>;
  /** Of these those that are here and may be (I3), by keyText; locked until the end of the transaction. */
  documents(keys: readonly DocumentKey[]): Promise<ReadonlyMap<string, StoredDocument>>;
  /** Of a collection's documents of fields the next `max` with values that are not shown, in the order of their places. */
  conflicted(collection: string, after: LookPlace, max: number): Promise<DocumentKey[]>;
  saveConflicts(counts: readonly ConflictCount[]): Promise<void>;
  /** How far a collection has been looked at again (look-again.ts), locked; null where that is over, or somebody is at it. */
  lookPlace(collection: string): Promise<LookPlace | null>;
  /** Null: it is over. */
  saveLookPlace(collection: string, place: LookPlace | null): Promise<void>;
  /** Of a key that `document` has locked. */
  grave(key: DocumentKey): Promise<Grave | null>;
  /** `purge`: the event that this comes from; null leaves what is there. */
  saveGrave(key: DocumentKey, grave: Grave, purge: ChangeNote | null): Promise<void>;
  /** Takes the row away; what is left of it is in its grave. */
  removeDocument(key: DocumentKey): Promise<void>;
  /** Writes losing values down, once each; a later winner replaces the one in an entry. Returns how many are new. */
  ledger(entries: readonly LedgerEntry[]): Promise<number>;
  /** Whether this region may write by itself: not while its database was set back and is not reconciled (B1). */
  mayWrite(): Promise<boolean>;
  /** Notes that this region must object to a proposal of the document as soon as it may write (late-writes.ts). */
  oweObjection(key: DocumentKey): Promise<void>;
  /** Records an event in the outbox; returns its id. */
  tell<T extends CollectionEvent>(type: T, subject: string, data: EventData<T>): Promise<string>;
}

/** Opens nested documents; in a thread of its own in the control plane, in the caller's in the simulation. */
export interface NestedDocuments {
  edit(
    key: string,
    bytes: Uint8Array | null,
    genesis: { readonly [key: string]: Json },
    edits: readonly DocumentEdit[],
    text: TextFields,
    always?: boolean,
  ): Promise<Edited> | Edited;
  take(key: string, bytes: Uint8Array | null, incoming: readonly Uint8Array[]): Promise<Taken> | Taken;
  beginAnew(key: string, bytes: Uint8Array, text: TextFields): Promise<Documented | null> | Documented | null;
  editBeginning(key: string, bytes: Uint8Array, edits: readonly DocumentEdit[], text: TextFields): Promise<Edited> | Edited;
}

/** Where and by which clock something is written. */
export interface Site {
  readonly region: string;
  readonly epoch: number;
  readonly nested: NestedDocuments;
  /** The next hybrid time of this region, later than `after`. */
  readonly tick: (after: string) => string;
}

export const subjectOf = (key: Pick<DocumentKey, 'collection' | 'tenant' | 'id'>): string =>
  `document/${key.collection}/${key.tenant}/${key.id}`;
export const keyText = (key: DocumentKey): string => `${key.kind} ${subjectOf(key)}`;
export const keyOfChange = ({ collection, kind, tenant, id }: DocumentChanged): DocumentKey => ({ collection, kind, tenant, id });
