import { rowsOf } from '@lapidary/db/rows';
import type { DataSource } from 'typeorm';
import { EventsByOrigin1763772000077 } from './0077-events-by-origin.js';
import { migrations } from './all.js';
import { openAt, useDatabase } from './open-at.fixture.js';

useDatabase();
const at = migrations.indexOf(EventsByOrigin1763772000077);

/** As a version before this one notes what it takes in and holds. Returns how many it took for new. */
const note = async (source: DataSource, origin: string, sequence: number): Promise<number> => {
  await source.query(`INSERT INTO held_change (event_id, origin, event, due_at) VALUES ('e', $1, '{}', now()) ON CONFLICT DO NOTHING`, [
    origin,
  ]);
  const sql = `INSERT INTO inbox (event_id, origin, epoch, sequence, type) VALUES ('e', $1, 1, $2, 't') ON CONFLICT DO NOTHING RETURNING 1`;
  return (await rowsOf(source, sql, [origin, sequence])).length;
};
const noted = async (source: DataSource): Promise<unknown> => ({
  inbox: await rowsOf(source, 'SELECT origin, sequence::int FROM inbox ORDER BY origin'),
  held: await rowsOf(source, 'SELECT origin FROM held_change ORDER BY origin'),
});

test('what was noted stays noted, also by a version that knows no keys by origin, and it finds its own way back', async () => {
  const old = await openAt(migrations.slice(0, at));
  expect(await note(old, 'eu', 1)).toBe(1);
  await old.destroy();
  const open = await openAt(migrations.slice(0, at + 1));
  try {
    // The same again, its id at another place, and another region's event of that id.
    expect([await note(open, 'eu', 1), await note(open, 'eu', 2), await note(open, 'us', 1)]).toEqual([0, 0, 1]);
    expect(await noted(open)).toEqual({
      inbox: [
        { origin: 'eu', sequence: 1 },
        { origin: 'us', sequence: 1 },
      ],
      held: [{ origin: 'eu' }, { origin: 'us' }],
    });
    await open.undoLastMigration();
    expect(await noted(open)).toEqual({ inbox: [{ origin: 'eu', sequence: 1 }], held: [{ origin: 'eu' }] });
    expect(await note(open, 'us', 1)).toBe(0);
  } finally {
    await open.destroy();
  }
});
