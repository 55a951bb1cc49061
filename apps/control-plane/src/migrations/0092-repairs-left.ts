import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many findings a run that repairs has left to the next. */
export class RepairsLeft1763772000092 implements MigrationInterface {
  readonly name = 'RepairsLeft1763772000092';

  async up(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE drift_run ADD COLUMN repairs_left integer NOT NULL DEFAULT 0');
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE drift_run DROP COLUMN repairs_left');
  }
}
