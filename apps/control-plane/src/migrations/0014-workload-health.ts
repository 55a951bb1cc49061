import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Since when a stamp's workload does not answer its agent, and what is amiss with a stamp whose agent is heard (health/assess.ts). */
export class WorkloadHealth1763772000014 implements MigrationInterface {
  readonly name = 'WorkloadHealth1763772000014';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE stamp_observation ADD COLUMN workload_silent_since timestamptz;
      ALTER TABLE stamp ADD COLUMN health_reason text;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE stamp DROP COLUMN health_reason; ALTER TABLE stamp_observation DROP COLUMN workload_silent_since');
  }
}
