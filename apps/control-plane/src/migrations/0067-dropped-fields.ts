import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Removed fields of documents that live on are dropped (libs/replication/src/collections/drop-removed.ts). */
export class DroppedFields1763772000067 implements MigrationInterface {
  readonly name = 'DroppedFields1763772000067';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE document ADD COLUMN removed_due boolean NOT NULL DEFAULT false;  -- so many fields were removed that they are to be dropped
      -- What may have some: whoever looks finds out, and takes the mark away.
      UPDATE document SET removed_due = true
       WHERE kind = 'lww' AND exists AND jsonb_path_exists(state, '$.fields.*.siblings[*] ? (!exists(@.value))');
      DO $$ BEGIN
        -- Where migration 78 was done before this one.
        IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'document' AND column_name = 'packed') THEN
          UPDATE document SET removed_due = true WHERE kind = 'lww' AND exists AND strpos(packed, '"siblings":[{"at":"') > 0;
        END IF;
      END $$;
      CREATE INDEX document_removed ON document (tenant) WHERE removed_due;
      -- Which are to be dropped, how far, and what every region must know before that.
      CREATE TABLE removal_note (
        collection text NOT NULL,
        tenant     text NOT NULL,
        id         text NOT NULL,
        seen       jsonb NOT NULL,                 -- region → its latest write that is meant
        known      jsonb NOT NULL,
        noted_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (collection, tenant, id)
      );
      CREATE INDEX removal_note_tenant ON removal_note (tenant) WHERE tenant <> '';
      -- How far what was merged from other regions' rows, and not from their logs, may go.
      CREATE TABLE known_apart (
        origin   text PRIMARY KEY,
        epoch    integer NOT NULL,
        sequence bigint NOT NULL
      );
      -- Whether each other region takes a drop as such; a version that does not say it keeps the fields.
      ALTER TABLE region_knowledge ADD COLUMN drops boolean NOT NULL DEFAULT false;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE region_knowledge DROP COLUMN drops;
      DROP TABLE known_apart, removal_note;
      DROP INDEX document_removed;
      ALTER TABLE document DROP COLUMN removed_due;
    `);
  }
}
