import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The ledger is read by time, as a whole, of a collection or of a tenant, and pruned by time (replication/conflict-rows.ts, prune-ledger.ts).
 * No index on the id beside the time: those of one moment are few, and are sorted when they are read.
 */
export class Ledger1763772000075 implements MigrationInterface {
  readonly name = 'Ledger1763772000075';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP INDEX conflict_collection, conflict_tenant;
      CREATE INDEX conflict_time ON conflict (detected_at);
      CREATE INDEX conflict_collection ON conflict (collection, detected_at) WHERE collection IS NOT NULL;
      CREATE INDEX conflict_tenant ON conflict (tenant, detected_at) WHERE tenant <> '';
      CREATE INDEX dead_letter_settled ON dead_letter (settled_at) WHERE settled_at IS NOT NULL;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP INDEX conflict_time, conflict_collection, conflict_tenant, dead_letter_settled;
      CREATE INDEX conflict_collection ON conflict (collection) WHERE collection IS NOT NULL;
      CREATE INDEX conflict_tenant ON conflict (tenant) WHERE tenant <> '';
    `);
  }
}
