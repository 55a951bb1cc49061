import { rowsOf } from '@lapidary/db/rows';
import type { DataSource } from 'typeorm';
import { DocumentsInPlaceAgain1763772000066 } from './0066-documents-in-place-again.js';
import { migrations } from './all.js';
import { openAt, useDatabase } from './open-at.fixture.js';

useDatabase();
const at = migrations.indexOf(DocumentsInPlaceAgain1763772000066);

/** Documents as the version before left them, and whether each is to be found as in conflict, long, or with another history proposed. */
const written: readonly (readonly [
  id: string,
  kind: string,
  state: object,
  history: number | null,
  conflicts: number,
  marks: readonly boolean[],
])[] = [
  ['plain', 'lww', { fields: {} }, null, 0, [false, false, false]],
  // What a newer version calls so has nothing to do with histories.
  ['other', 'lww', { changes: 'many', next: {} }, null, 0, [false, false, false]],
  ['conflicted', 'lww', { fields: {} }, null, 2, [true, false, false]],
  ['short', 'document', { changes: 3 }, 100, 0, [false, false, false]],
  ['long', 'document', { changes: 40 }, 9_000, 1, [true, true, false]],
  ['proposed', 'document', { changes: 3, next: { id: 'x' } }, 100, 0, [false, false, true]],
];

const marksOf = async (source: DataSource): Promise<unknown> =>
  Object.fromEntries(
    (
      await rowsOf<{ id: string; marks: boolean[] }>(
        source,
        'SELECT id, ARRAY[conflicted, history_due, history_next] AS marks FROM document',
      )
    ).map(({ id, marks }) => [id, marks]),
  );

test('documents of an older version are marked as what they are, also those that it writes meanwhile; and it finds its own way back', async () => {
  const old = await openAt(migrations.slice(0, at));
  const write = async (source: DataSource, suffix: string): Promise<void> => {
    for (const [id, kind, state, history, conflicts] of written)
      await source.query(
        `INSERT INTO document (collection, kind, tenant, id, state, automerge, exists, digest, bytes, conflicts, latest)
         VALUES ('c', $1, '', $2, $3::jsonb, $4, true, 'd', $5, $6, '')`,
        [kind, id + suffix, JSON.stringify(state), history === null ? null : Buffer.alloc(history), 100 + (history ?? 0), conflicts],
      );
  };
  await write(old, '');
  await old.destroy();
  const open = await openAt(migrations.slice(0, at + 1));
  try {
    await write(open, '-later');
    const expected = written.flatMap(([id, , , , , marks]) => [id, `${id}-later`].map((name) => [name, marks] as const));
    expect(await marksOf(open)).toEqual(Object.fromEntries(expected));
    await open.undoLastMigration();
    expect(
      await rowsOf(open, `SELECT indexname FROM pg_indexes WHERE tablename = 'document' AND indexdef LIKE '% WHERE %' ORDER BY 1`),
    ).toEqual(
      ['document_conflicts', 'document_history_due', 'document_history_next', 'document_tombstone'].map((indexname) => ({ indexname })),
    );
  } finally {
    await open.destroy();
  }
});
