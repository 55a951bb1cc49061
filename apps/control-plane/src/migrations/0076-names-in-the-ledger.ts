import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Names that two regions gave out are a few rows among all of the ledger, and asked for with every comparison of tenants (digests/fleet-rows.ts). */
export class NamesInTheLedger1763772000076 implements MigrationInterface {
  readonly name = 'NamesInTheLedger1763772000076';

  async up(q: QueryRunner): Promise<void> {
    await q.query('CREATE INDEX conflict_names ON conflict (subject) WHERE collection IS NULL');
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP INDEX conflict_names');
  }
}
