import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One row that is written every few seconds: a database that is there and takes no writes is noticed before somebody needs it (process/database-watch.ts). */
export class DatabaseProbe1763772000096 implements MigrationInterface {
  readonly name = 'DatabaseProbe1763772000096';

  async up(q: QueryRunner): Promise<void> {
    await q.query('CREATE TABLE database_probe (is_it boolean PRIMARY KEY DEFAULT true CHECK (is_it), written_at timestamptz NOT NULL)');
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE database_probe');
  }
}
