import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Under which epoch of its origin's log a purge was told (apps/control-plane/src/collections/forget-graves.ts). */
export class PurgeEpochs1763772000070 implements MigrationInterface {
  readonly name = 'PurgeEpochs1763772000070';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      -- Of what was known without it: the only epoch that there was, or none that holds any more, and the purge is told again.
      ALTER TABLE grave ADD COLUMN purge_epoch integer;   -- null: of this region's own event, as purge_sequence
      UPDATE grave g SET purge_epoch = CASE WHEN v.epoch = 1 THEN 1 ELSE 0 END FROM version_vector v
        WHERE v.origin = g.purge_origin AND g.purge_sequence IS NOT NULL;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE grave DROP COLUMN purge_epoch');
  }
}
