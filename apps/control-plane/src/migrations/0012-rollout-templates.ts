import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Templates are rolled out and taken back by version, as workloads are. */
export class RolloutTemplates1763772000012 implements MigrationInterface {
  readonly name = 'RolloutTemplates1763772000012';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE stamp ADD COLUMN rollout_template text; -- template version that the last roll-out gave it; goes before the installed one
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE stamp DROP COLUMN rollout_template;
    `);
  }
}
