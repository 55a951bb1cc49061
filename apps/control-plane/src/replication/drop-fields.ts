import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { keyText, type DocumentKey } from '@lapidary/replication/collections/collection-store';
import { dropRemoved, judgeNote, noteRemoved, type RemovalNote } from '@lapidary/replication/collections/drop-removed';
import type { DocumentState } from '@lapidary/replication/collections/document-state';
import { isRemovedDue } from '@lapidary/replication/collections/facts';
import { PostgresCollections } from '../collections/postgres-collections.js';
import type { RetentionTools } from '../collections/purge-tombstones.js';
import { readStability } from '../collections/stability-rows.js';
import { keyColumns, lockHere } from '../collections/stored-documents.js';
import { unlessUnreadable } from '../collections/unreadable.js';
import { readApplied } from '../digests/known-events.js';
import { readRecovery } from '../fence/recovery-rows.js';
import { systemContext } from '../http/command-context.js';

/** One transaction's worth. */
const notedAtOnceMax = 100;
/** Each drop is an event with all of its document: as many as histories that begin anew in a round. While a region is cut off no more wait. */
const notesMax = 500;

type Note = RemovalNote & Omit<DocumentKey, 'kind'>;

/** Whether every other region takes drops as such: an older version would keep the fields, and its digests would be others. */
const areUnderstood = async ({ dataSource, peers }: RetentionTools): Promise<boolean> =>
  (await rowsOf(dataSource, 'SELECT 1 FROM region_knowledge WHERE drops AND region = ANY ($1)', [peers])).length === peers.length;

/** F6. */
const isSound = async (tx: Tx): Promise<boolean> => (await readRecovery(tx)).state === 'sound';

/**
 * Notes which removed fields are to be dropped once every region knows of them (libs/replication/src/collections/drop-removed.ts), of documents that have
 * many. One region does it: of a tenant's documents its home region, of the fleet's the first by name. Returns of how many documents.
 */
export const noteRemovedFields = async (tools: RetentionTools): Promise<number> => {
  if (!(await areUnderstood(tools))) return 0;
  let noted = 0;
  for (let places = await freeNotes(tools); places > 0;) {
    const found = Math.min(places, notedAtOnceMax);
    const [seen, fresh] = await inTransaction(tools.dataSource, async (tx) => noteSome(tx, tools, found));
    noted += fresh;
    places = seen < found ? 0 : places - seen;
  }
  return noted;
};

const freeNotes = async ({ dataSource }: RetentionTools): Promise<number> => {
  const [row] = await rowsOf<{ count: number }>(dataSource, 'SELECT count(*)::int AS count FROM removal_note');
  return notesMax - row!.count;
};

const noteSome = async (tx: Tx, { region, peers, clock }: RetentionTools, max: number): Promise<[seen: number, noted: number]> => {
  if (!(await isSound(tx))) return [0, 0];
  const due = await rowsOf<DocumentKey>(
    tx,
    // By chance: what can't be dropped now, since a region that is no more wrote it, must not keep the rest from its turn.
    `SELECT collection, kind, tenant, id FROM document AS d
      WHERE removed_due AND exists AND (tenant = '' AND $2 OR tenant IN (SELECT t.id FROM tenant t WHERE t.home_region = $1))
        AND NOT EXISTS (SELECT 1 FROM removal_note n WHERE (n.collection, n.tenant, n.id) = (d.collection, d.tenant, d.id))
      ORDER BY random() LIMIT $3`,
    [region, [region, ...peers].sort()[0] === region, max],
  );
  const here = await lockHere(tx, due);
  const store = new PostgresCollections(tx, clock, systemContext(region, 'retention', newId()));
  const states = new Map<string, DocumentState>();
  for (const key of here) {
    const stored = await unlessUnreadable(async () => store.document(key));
    if (stored) states.set(keyText(key), stored.state);
  }
  // After the documents were read: they hold nothing that this does not name (F4).
  const applied = await readApplied(tx);
  const { declared } = await readStability(tx);
  let noted = 0;
  const settled: DocumentKey[] = [];
  for (const key of due) {
    const state = states.get(keyText(key));
    if (!state) continue;
    const note = isRemovedDue(state) ? noteRemoved(state, { region, others: peers, declared }, applied) : null;
    if (note !== null) {
      await tx.query('INSERT INTO removal_note (collection, tenant, id, seen, known) VALUES ($1, $2, $3, $4::jsonb, $5::jsonb)', [
        ...[key.collection, key.tenant, key.id],
        ...[note.seen, note.known].map((value) => JSON.stringify(value)),
      ]);
      noted++;
    } else if (!isRemovedDue(state)) settled.push(key);
  }
  if (settled.length > 0) await unmark(tx, settled);
  return [due.length, noted];
};

const unmark = async (tx: Tx, keys: readonly DocumentKey[]): Promise<void> =>
  void (await tx.query(
    `UPDATE document SET removed_due = false WHERE (collection, kind, tenant, id) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]))`,
    keyColumns(keys),
  ));

/** Drops what was noted and every region knows by now (F5). Returns of how many documents. */
export const dropRemovedFields = async (tools: RetentionTools): Promise<number> => {
  const { region, peers, dataSource } = tools;
  const notes = await rowsOf<Note>(dataSource, 'SELECT collection, tenant, id, seen, known FROM removal_note ORDER BY noted_at');
  if (notes.length === 0) return 0;
  const { known, declared } = await readStability(dataSource);
  const isOpen = await areUnderstood(tools);
  let dropped = 0;
  for (const note of notes) {
    const verdict = judgeNote(note, { region, others: peers, declared }, known);
    if (verdict === 'stale') await inTransaction(dataSource, async (tx) => forgetNote(tx, note));
    if (verdict === 'drop' && isOpen && (await inTransaction(dataSource, async (tx) => dropOne(tx, tools, note)))) dropped++;
  }
  return dropped;
};

const forgetNote = async (tx: Tx, { collection, tenant, id }: Note): Promise<void> =>
  void (await tx.query('DELETE FROM removal_note WHERE collection = $1 AND tenant = $2 AND id = $3', [collection, tenant, id]));

const dropOne = async (tx: Tx, { region, clock }: RetentionTools, note: Note): Promise<boolean> => {
  if (!(await isSound(tx))) return false;
  const { collection, tenant, id } = note;
  const key: DocumentKey = { collection, kind: 'lww', tenant, id };
  await forgetNote(tx, note);
  if ((await lockHere(tx, [key])).length === 0) return false;
  const context = systemContext(region, 'retention', newId());
  const by = { origin: region, actor: context.actor, requestId: context.requestId };
  const store = new PostgresCollections(tx, clock, context);
  return (await unlessUnreadable(async () => dropRemoved(store, key, note, by))) !== null;
};
