import { rowsOf } from '@lapidary/db/rows';
import { keptOf } from '@lapidary/replication/collections/packed-state';
import { emptyLww, mergeLww, writeLww } from '@lapidary/replication/merge/lww';
import type { DataSource } from 'typeorm';
import { DroppedFields1763772000067 } from './0067-dropped-fields.js';
import { migrations } from './all.js';
import { openAt, useDatabase } from './open-at.fixture.js';

useDatabase();

const [first, later] = ['1735689600000.0000.eu', '1735689600001.0000.eu'] as const;
const whole = writeLww(emptyLww, first, { price: 1, title: 'a' });
const states = { whole, removed: mergeLww(whole, writeLww(whole, later, {}, ['title'])) };

const write = async (source: DataSource, how: 'state' | 'packed'): Promise<void> => {
  for (const [id, lww] of Object.entries(states)) {
    const state = { kind: 'lww' as const, ...lww };
    await source.query(
      `INSERT INTO document (collection, kind, tenant, id, ${how}, exists, digest, bytes, conflicts, latest) VALUES ('c', 'lww', '', $1, $2, true, 'd', 100, 0, $3)`,
      [`${id}-${how}`, how === 'packed' ? keptOf(state).text : JSON.stringify(state), later],
    );
  }
};

const due = async (source: DataSource): Promise<string[]> =>
  (await rowsOf<{ id: string }>(source, 'SELECT id FROM document WHERE removed_due ORDER BY id')).map(({ id }) => id);

test('documents with removed fields are found in databases that the version before has filled, however it kept them', async () => {
  const old = await openAt(migrations.filter((m) => m !== DroppedFields1763772000067));
  await write(old, 'state');
  await write(old, 'packed');
  await old.destroy();
  const open = await openAt(migrations);
  try {
    expect(await due(open)).toEqual(['removed-packed', 'removed-state']);
  } finally {
    await open.destroy();
  }
});

test('so they are where documents are packed only after that', async () => {
  const at = migrations.indexOf(DroppedFields1763772000067);
  const old = await openAt(migrations.slice(0, at));
  await write(old, 'state');
  await old.destroy();
  const open = await openAt(migrations.slice(0, at + 1));
  try {
    expect(await due(open)).toEqual(['removed-state']);
    await open.undoLastMigration();
    await expect(due(open)).rejects.toThrow('removed_due');
  } finally {
    await open.destroy();
  }
});
