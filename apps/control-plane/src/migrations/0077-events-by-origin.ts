import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An event id is its origin's to give: by the id alone, what one region told under another's would have the other's real event be taken for a
 * repeat, and lost. A version before this one works with these keys as well. Reading goes on while the index is built, some seconds for
 * millions of rows (inbox: of a week).
 */
export class EventsByOrigin1763772000077 implements MigrationInterface {
  readonly name = 'EventsByOrigin1763772000077';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE UNIQUE INDEX inbox_event ON inbox (event_id, origin);
      ALTER TABLE inbox DROP CONSTRAINT inbox_pkey, ADD CONSTRAINT inbox_pkey PRIMARY KEY USING INDEX inbox_event;
      ALTER TABLE held_change DROP CONSTRAINT held_change_pkey, ADD PRIMARY KEY (event_id, origin);
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DELETE FROM inbox i USING inbox other WHERE other.event_id = i.event_id AND other.origin < i.origin;
      ALTER TABLE inbox DROP CONSTRAINT inbox_pkey, ADD PRIMARY KEY (event_id);
      DELETE FROM held_change h USING held_change other WHERE other.event_id = h.event_id AND other.origin < h.origin;
      ALTER TABLE held_change DROP CONSTRAINT held_change_pkey, ADD PRIMARY KEY (event_id);
    `);
  }
}
