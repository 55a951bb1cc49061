import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Regions of two versions beside each other (docs/flows/versions.md). */
export class WireVersions1763772000040 implements MigrationInterface {
  readonly name = 'WireVersions1763772000040';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      -- Told in a type that the code of that moment did not know: tried again by itself once a version here knows it.
      ALTER TABLE dead_letter ADD COLUMN awaits_version boolean NOT NULL DEFAULT false;
      CREATE INDEX dead_letter_awaits ON dead_letter (type) WHERE awaits_version AND state = 'open';

      -- What the peer's hello said it speaks and understands; null: it has never answered.
      ALTER TABLE version_vector
        ADD COLUMN protocol_speaks integer,
        ADD COLUMN protocol_hears  integer,
        ADD COLUMN protocol_at     timestamptz;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE version_vector DROP COLUMN protocol_speaks, DROP COLUMN protocol_hears, DROP COLUMN protocol_at;
      ALTER TABLE dead_letter DROP COLUMN awaits_version;
    `);
  }
}
