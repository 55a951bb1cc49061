import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { ChangeTransaction } from '@lapidary/replication/collections/apply-change';
import {
  keyText,
  subjectOf,
  type ChangeNote,
  type DocumentFacts,
  type DocumentKey,
  type LedgerEntry,
  type StoredDocument,
} from '@lapidary/replication/collections/collection-store';
import type { DocumentState } from '@lapidary/replication/collections/document-state';
import type { Register } from '@lapidary/replication/merge/register';
import { lockDocuments } from './document-locks.js';
import { writeLedger } from './ledger-rows.js';
import { changeChannel } from './postgres-collections.js';

interface Held {
  readonly stored: StoredDocument | null;
  /** Undefined until it is changed. */
  readonly facts?: DocumentFacts;
  /** The last change among these that this region made itself. */
  readonly ownEvent?: string | null;
}

interface Row extends Omit<DocumentKey, 'kind'> {
  readonly kind: DocumentKey['kind'];
  readonly state: DocumentState;
  readonly automerge: Buffer | null;
  readonly told_in_part: number;
}

/**
 * Documents that a run of other regions' changes is merged into: read and locked at once, merged in memory, written at once. What
 * PostgresCollections does change by change in five statements takes five for the run, and the same is left behind.
 */
export class DocumentBatch implements ChangeTransaction {
  private readonly notes: (ChangeNote & DocumentKey)[] = [];
  private readonly losses: LedgerEntry[] = [];

  private constructor(
    private readonly tx: Tx,
    private readonly region: string,
    private readonly definitions: ReadonlyMap<string, Register>,
    private readonly held: Map<string, Held & { readonly key: DocumentKey }>,
  ) {}

  /** In one order everywhere, so that two runs never wait for each other: definitions, then documents by their names. */
  static async open(tx: Tx, region: string, keys: readonly DocumentKey[]): Promise<DocumentBatch> {
    const byText = new Map(keys.map((key) => [keyText(key), key]));
    const definitions = await rowsOf<{ name: string; definition: Register }>(
      tx,
      'SELECT name, definition FROM collection WHERE name = ANY ($1) ORDER BY name FOR SHARE',
      [[...new Set(keys.map(({ collection }) => collection))]],
    );
    await lockDocuments(tx, [...byText.values()]);
    const rows = await rowsOf<Row>(
      tx,
      `SELECT d.collection, d.kind, d.tenant, d.id, d.state, d.automerge, d.told_in_part FROM document d
         JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k(collection, kind, tenant, id) USING (collection, kind, tenant, id)
        ORDER BY d.collection, d.kind, d.tenant, d.id FOR UPDATE OF d`,
      columns([...byText.values()]),
    );
    const stored = new Map(rows.map((row) => [keyText(row), storedOf(row)]));
    const held = new Map([...byText].map(([text, key]) => [text, { key, stored: stored.get(text) ?? null }]));
    return new DocumentBatch(tx, region, new Map(definitions.map(({ name, definition }) => [name, definition])), held);
  }

  definition(collection: string): Promise<Register | null> {
    return Promise.resolve(this.definitions.get(collection) ?? null);
  }

  document(key: DocumentKey): Promise<StoredDocument | null> {
    const held = this.held.get(keyText(key));
    if (!held) throw new AppError('internal', undefined, { internal: `${subjectOf(key)} was not opened` });
    return Promise.resolve(held.stored);
  }

  saveDocument(key: DocumentKey, stored: StoredDocument, facts: DocumentFacts, note: ChangeNote): Promise<void> {
    const ownEvent = note.origin === this.region ? note.event : (this.held.get(keyText(key))?.ownEvent ?? null);
    this.held.set(keyText(key), { key, stored, facts, ownEvent });
    this.notes.push({ ...key, ...note });
    return Promise.resolve();
  }

  /** Counted when they are written. */
  ledger(entries: readonly LedgerEntry[]): Promise<number> {
    this.losses.push(...entries);
    return Promise.resolve(0);
  }

  /** Writes everything. Returns new entries of the ledger by collection. */
  async flush(): Promise<ReadonlyMap<string, number>> {
    await this.writeDocuments();
    await this.writeNotes();
    return await writeLedger(this.tx, this.losses);
  }

  private async writeDocuments(): Promise<void> {
    const changed = [...this.held.values()].flatMap(({ key, stored, facts, ownEvent }) =>
      facts && stored ? [{ key, stored, facts, ownEvent }] : [],
    );
    if (changed.length === 0) return;
    await this.tx.query(
      `INSERT INTO document AS d (collection, kind, tenant, id, state, automerge, told_in_part, exists, digest, bytes, conflicts, latest,
                                  own_event)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::bytea[], $7::int[], $8::bool[], $9::text[],
                            $10::int[], $11::int[], $12::text[], $13::text[])
       ON CONFLICT (collection, kind, tenant, id) DO UPDATE SET state = excluded.state, automerge = excluded.automerge,
         told_in_part = excluded.told_in_part, exists = excluded.exists, digest = excluded.digest, bytes = excluded.bytes,
         conflicts = excluded.conflicts, latest = excluded.latest, own_event = coalesce(excluded.own_event, d.own_event),
         updated_at = clock_timestamp()`,
      [
        ...columns(changed.map(({ key }) => key)),
        changed.map(({ stored }) => JSON.stringify(stored.state)),
        changed.map(({ stored }) => (stored.bytes === null ? null : Buffer.from(stored.bytes))),
        changed.map(({ stored }) => stored.toldInPart),
        changed.map(({ facts }) => facts.exists),
        changed.map(({ facts }) => facts.digest),
        changed.map(({ facts }) => facts.bytes),
        changed.map(({ facts }) => facts.conflicts),
        changed.map(({ facts }) => facts.latest),
        changed.map(({ ownEvent }) => ownEvent),
      ],
    );
  }

  private async writeNotes(): Promise<void> {
    if (this.notes.length === 0) return;
    await this.tx.query(
      `WITH noted AS (
         INSERT INTO change (collection, kind, tenant, document, event, origin, hlc, actor, request_id)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[]))
       SELECT pg_notify('${changeChannel}', '')`,
      [
        ...columns(this.notes),
        this.notes.map(({ event }) => event),
        this.notes.map(({ origin }) => origin),
        this.notes.map(({ at }) => at),
        this.notes.map(({ actor }) => actor),
        this.notes.map(({ requestId }) => requestId),
      ],
    );
  }
}

const columns = (keys: readonly DocumentKey[]): string[][] => [
  keys.map(({ collection }) => collection),
  keys.map(({ kind }) => kind),
  keys.map(({ tenant }) => tenant),
  keys.map(({ id }) => id),
];

const storedOf = ({ state, automerge, told_in_part: toldInPart }: Row): StoredDocument => ({
  state,
  bytes: automerge === null ? null : new Uint8Array(automerge),
  toldInPart,
});
