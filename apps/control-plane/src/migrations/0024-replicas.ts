import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What agents tell of themselves as replicas of the directory, compared by the drift runs (docs/flows/drift.md). */
export class Replicas1763772000024 implements MigrationInterface {
  readonly name = 'Replicas1763772000024';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE stamp_observation
        ADD COLUMN held_root    text,   -- sum over what the stamp holds, as of held_as_of
        ADD COLUMN wire_schemas text;   -- digest of the schemas that its agent reads and writes
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE stamp_observation DROP COLUMN held_root, DROP COLUMN wire_schemas');
  }
}
