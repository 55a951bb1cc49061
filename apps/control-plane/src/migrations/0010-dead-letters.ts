import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What became of a dead letter, and where a peer stood when it last answered. */
export class DeadLetters1763772000010 implements MigrationInterface {
  readonly name = 'DeadLetters1763772000010';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE dead_letter
        ADD COLUMN state      text NOT NULL DEFAULT 'open',
        ADD COLUMN settled_at timestamptz,
        ADD COLUMN settled_by text;
      CREATE INDEX dead_letter_open ON dead_letter (id DESC) WHERE state = 'open';

      ALTER TABLE version_vector ADD COLUMN head bigint NOT NULL DEFAULT 0; -- the peer's last sequence, as it last told us
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE version_vector DROP COLUMN head;
      ALTER TABLE dead_letter DROP COLUMN state, DROP COLUMN settled_at, DROP COLUMN settled_by;
    `);
  }
}
