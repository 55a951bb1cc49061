import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Documents are found by their names: a table that was not analysed lately has PostgreSQL believe that a collection and a kind, by which an
 * index began, name one row as well as the whole primary key does. It then read the whole collection for each of the documents that a
 * peer's changes are about, 200 times the work for 200 of them.
 */
export class BucketsFirst1763772000065 implements MigrationInterface {
  readonly name = 'BucketsFirst1763772000065';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP INDEX document_bucket;
      CREATE INDEX document_bucket ON document (document_bucket(tenant, id), collection, kind);
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP INDEX document_bucket;
      CREATE INDEX document_bucket ON document (collection, kind, document_bucket(tenant, id));
    `);
  }
}
