import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Documents whose proposal a fenced region must object to as soon as it may write (collections/owed-objections.ts). */
export class OwedObjections1763772000082 implements MigrationInterface {
  readonly name = 'OwedObjections1763772000082';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE owed_objection (
        collection text NOT NULL,
        kind       text NOT NULL,
        tenant     text NOT NULL,
        id         text NOT NULL,
        PRIMARY KEY (collection, kind, tenant, id)
      );
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE owed_objection');
  }
}
