import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tombstones of counters and nested documents are purged too (docs/flows/collections.md). */
export class PurgedKinds1763772000063 implements MigrationInterface {
  readonly name = 'PurgedKinds1763772000063';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE grave
        ADD COLUMN automerge bytea,   -- of the contents, where they are a nested document
        ADD COLUMN beginning jsonb;   -- what is left of the contents to begin anew with (libs/replication/src/collections/graves.ts)
      -- What each other region purges; a version that does not say it knows of fields alone.
      ALTER TABLE region_knowledge ADD COLUMN purges text[] NOT NULL DEFAULT '{lww}';
      DROP INDEX document_tombstone;
      CREATE INDEX document_tombstone ON document (collection, tenant, id) WHERE NOT exists;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP INDEX document_tombstone;
      CREATE INDEX document_tombstone ON document (collection, tenant, id) WHERE NOT exists AND kind = 'lww';
      ALTER TABLE region_knowledge DROP COLUMN purges;
      ALTER TABLE grave DROP COLUMN beginning, DROP COLUMN automerge;
    `);
  }
}
