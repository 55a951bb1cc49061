import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events that wait behind a parked one of their key (replication/dead-letter-states.ts). */
export class Quarantine1763772000021 implements MigrationInterface {
  readonly name = 'Quarantine1763772000021';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`CREATE INDEX dead_letter_key ON dead_letter (origin, subject, sequence) WHERE state IN ('open', 'waiting')`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP INDEX dead_letter_key');
  }
}
