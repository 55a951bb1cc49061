import type { PolicyKind } from '@lapidary/contracts/api/collections';
import type { DocumentChanged, Loss } from '@lapidary/contracts/events/collection-events';
import type { EventData } from '@lapidary/contracts/events/registry';
import type { DocumentEdit, TextFields } from '../automerge/document-edits.js';
import type { Documented, Edited } from '../automerge/document-engine.js';
import type { Json } from '../merge/json.js';
import type { Register } from '../merge/register.js';
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

/** What is read without opening the state. */
export interface DocumentFacts {
  readonly exists: boolean;
  readonly digest: string;
  readonly bytes: number;
  /** Values that are not shown. */
  readonly conflicts: number;
  readonly latest: string;
}

/** Who changed a document, and by which event: one row of its history. */
export interface ChangeNote {
  readonly event: string;
  readonly origin: string;
  readonly actor: string;
  readonly requestId: string;
  readonly at: string;
}

export interface LedgerEntry extends Loss {
  /** The same in every region. */
  readonly id: string;
  readonly collection: string;
  readonly tenant: string;
  readonly document: string;
  readonly policy: string;
  readonly cause: string;
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
  /** Keys of a collection with values that are not shown. */
  conflicted(collection: string): Promise<DocumentKey[]>;
  saveFacts(key: DocumentKey, facts: DocumentFacts): Promise<void>;
  /** Writes losing values down, once each; a later winner replaces the one in an entry. Returns how many are new. */
  ledger(entries: readonly LedgerEntry[]): Promise<number>;
  /** Records an event in the outbox; returns its id. */
  tell<T extends 'lapidary.collection.defined.v1' | 'lapidary.document.changed.v1'>(
    type: T,
    subject: string,
    data: EventData<T>,
  ): Promise<string>;
}

/** Opens nested documents; in a thread of its own in the control plane, in the caller's in the simulation. */
export interface NestedDocuments {
  edit(
    key: string,
    bytes: Uint8Array | null,
    genesis: { readonly [key: string]: Json },
    edits: readonly DocumentEdit[],
    text: TextFields,
  ): Promise<Edited> | Edited;
  take(key: string, bytes: Uint8Array | null, incoming: readonly Uint8Array[]): Promise<Documented> | Documented;
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
