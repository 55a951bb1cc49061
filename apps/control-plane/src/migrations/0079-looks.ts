import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Documents of fields are looked at again after the rules of their collection have changed (libs/replication/src/collections/look-again.ts). */
export class Looks1763772000079 implements MigrationInterface {
  readonly name = 'Looks1763772000079';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE collection_look (
        collection text PRIMARY KEY,
        tenant     text NOT NULL,                        -- of the last document that was looked at; both empty: of none yet
        id         text NOT NULL,
        since      timestamptz NOT NULL DEFAULT now()
      );
      -- In the order of places, so that each piece is found without those before it.
      DROP INDEX document_conflicts;
      CREATE INDEX document_conflicts ON document (collection, kind, tenant, id) WHERE conflicted;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP INDEX document_conflicts;
      CREATE INDEX document_conflicts ON document (collection) WHERE conflicted;
      DROP TABLE collection_look;
    `);
  }
}
