import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { digestOfState, textOfState, type DocumentState } from '@lapidary/replication/collections/document-state';
import { emptyLww, mergeLww, writeLww } from '@lapidary/replication/merge/lww';
import type { DataSource } from 'typeorm';
import { lockStored, writeStored } from '../collections/stored-documents.js';
import { PackedDocuments1763772000078 } from './0078-packed-documents.js';
import { migrations } from './all.js';
import { openAt, useDatabase } from './open-at.fixture.js';

useDatabase();
const at = migrations.indexOf(PackedDocuments1763772000078);

const [eu, us, later] = ['1735689600000.0000.eu', '1735689600001.0000.us', '1735689600002.0000.eu'] as const;
const whole = writeLww(emptyLww, eu, { price: 1.5, title: 'a "b" \\ ä 🜁', tags: ['x', { y: null }], gone: true });
const removed = mergeLww(whole, writeLww(whole, us, { price: 2 }, ['gone']));
const states: Readonly<Record<string, DocumentState>> = {
  whole: { kind: 'lww', ...whole },
  removed: { kind: 'lww', ...removed },
  conflicted: { kind: 'lww', ...mergeLww(removed, writeLww(whole, later, { price: 3 })) },
  newer: { kind: 'lww', ...whole, owner: 'team' } as DocumentState,
  never: { kind: 'lww', ...emptyLww },
};

const digestsBy = async (source: DataSource, of: string): Promise<Record<string, string>> => {
  const rows = await rowsOf<{ id: string; state: DocumentState }>(source, `SELECT id, ${of} AS state FROM document ORDER BY id`);
  return Object.fromEntries(rows.map(({ id, state }) => [id, digestOfState(state)]));
};
const expected = Object.fromEntries(
  Object.entries(states)
    .sort()
    .map(([id, state]) => [id, digestOfState(state)]),
);
const key = (id: string) => ({ collection: 'c', kind: 'lww' as const, tenant: '', id });

const read = async (source: DataSource): Promise<Record<string, string>> => {
  const found = await inTransaction(source, async (tx) => lockStored(tx, Object.keys(states).map(key)));
  return Object.fromEntries([...found.values()].map(({ state }, i) => [Object.keys(states).sort()[i]!, digestOfState(state)]));
};

/** As a change does that leaves a document as it is. */
const writeAgain = async (source: DataSource, ids: readonly string[]): Promise<void> => {
  const note = { event: 'e', origin: 'eu', actor: 'a', requestId: 'r', at: later };
  const facts = { exists: true, digest: 'd', bytes: 1, conflicts: 0, latest: later, removedDue: false };
  await inTransaction(source, async (tx) =>
    writeStored(
      tx,
      ids.map((id) => ({ key: key(id), stored: { state: states[id]!, bytes: null, toldInPart: 0 }, facts, ownEvent: null })),
      ids.map((id) => ({ ...key(id), ...note })),
    ),
  );
};

test('documents of an older version are read as they were, packed when they are written next, and found again on the way back', async () => {
  const old = await openAt(migrations.slice(0, at));
  for (const [id, state] of Object.entries(states))
    await old.query(
      `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
       VALUES ('c', 'lww', '', $1, $2::jsonb, true, 'd', 1, 0, '')`,
      [id, textOfState(state)],
    );
  await old.destroy();
  const open = await openAt(migrations.slice(0, at + 1));
  try {
    expect(await read(open)).toEqual(expected);
    await writeAgain(open, ['whole']);
    expect(await rowsOf(open, 'SELECT id FROM document WHERE state IS NULL')).toEqual([{ id: 'whole' }]);
    expect(await read(open)).toEqual(expected);
    await writeAgain(open, Object.keys(states));
    expect(await rowsOf(open, 'SELECT id FROM document WHERE packed IS NULL')).toEqual([]);
    expect(await read(open)).toEqual(expected);
    expect(await digestsBy(open, 'document_state(document)')).toEqual(expected);
    await expect(open.query(`UPDATE document SET packed = NULL WHERE id = 'whole'`)).rejects.toThrow('document_kept');
    await open.undoLastMigration();
    expect(await digestsBy(open, 'state')).toEqual(expected);
  } finally {
    await open.destroy();
  }
});
