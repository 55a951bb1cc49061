import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who may change a stack's resources and state just now. */
export class EngineLease1763772000006 implements MigrationInterface {
  readonly name = 'EngineLease1763772000006';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE engine_lease (
        stack       text PRIMARY KEY,
        token       bigint NOT NULL,      -- grows with every holder: fences off whoever held it before
        owner       text NOT NULL,
        operation   text NOT NULL,
        taken_at    timestamptz NOT NULL,
        valid_until timestamptz NOT NULL
      );
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE engine_lease');
  }
}
