import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Roll-outs that were given up while their region could not be heard (rollouts/copy-states.ts). One row for each time that somebody said so. */
export class GivenUpRollouts1763772000091 implements MigrationInterface {
  readonly name = 'GivenUpRollouts1763772000091';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`CREATE TABLE rollout_given_up (rollout text PRIMARY KEY, told jsonb NOT NULL)`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE rollout_given_up');
  }
}
