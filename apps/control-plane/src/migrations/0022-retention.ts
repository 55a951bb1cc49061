import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How long deletes and history are kept, and who knows what (docs/flows/collections.md). */
export class Retention1763772000022 implements MigrationInterface {
  readonly name = 'Retention1763772000022';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      -- What is left of documents whose tombstones were purged (libs/replication/src/collections/graves.ts).
      CREATE TABLE grave (
        collection     text NOT NULL,
        kind           text NOT NULL,
        tenant         text NOT NULL,
        id             text NOT NULL,
        seen           jsonb NOT NULL,                -- region → its latest write that is purged
        contents       jsonb,                         -- the state, until the purge is stable; null while there is a row
        purge_origin   text NOT NULL,
        purge_event    text NOT NULL,
        purge_sequence bigint,                        -- null: of this region's own event, whose place the outbox has
        buried_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
        forgotten_at   timestamptz,                   -- when every region was known to have purged it
        PRIMARY KEY (collection, kind, tenant, id)
      );
      CREATE INDEX grave_tenant ON grave (tenant) WHERE tenant <> '';
      CREATE INDEX grave_kept ON grave (buried_at) WHERE forgotten_at IS NULL;
      CREATE INDEX grave_forgotten ON grave (forgotten_at) WHERE forgotten_at IS NOT NULL;
      CREATE INDEX document_tombstone ON document (updated_at) WHERE NOT exists AND kind = 'lww';

      -- What each other region has said last that it knows, and where in its log it said so.
      CREATE TABLE region_knowledge (
        region      text PRIMARY KEY,
        epoch       integer NOT NULL,
        sequence    bigint NOT NULL,
        known       jsonb NOT NULL,
        declared_at timestamptz NOT NULL
      );
      -- What this region has said.
      CREATE TABLE own_knowledge (
        event       text PRIMARY KEY,
        known       jsonb NOT NULL,
        declared_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );

      -- Up to here history has left "change": a watcher that resumes before it begins anew.
      ALTER TABLE origin ADD COLUMN change_floor xid8 NOT NULL DEFAULT '0';
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE origin DROP COLUMN change_floor;
      DROP INDEX document_tombstone;
      DROP TABLE own_knowledge, region_knowledge, grave;
    `);
  }
}
