import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Documents only where their tenant may be (I3; docs/flows/collections.md). */
export class Residency1763772000018 implements MigrationInterface {
  readonly name = 'Residency1763772000018';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      -- Changes of documents that were told to us without their contents. One row an origin and tenant, however many there were.
      CREATE TABLE withheld_change (
        origin         text NOT NULL,
        epoch          integer NOT NULL,
        tenant         text NOT NULL,
        first_sequence bigint NOT NULL,
        last_sequence  bigint NOT NULL,
        PRIMARY KEY (origin, epoch, tenant)
      );
      CREATE INDEX withheld_change_tenant ON withheld_change (tenant);

      -- This region may not hold the documents of these tenants any more (residency/removal-states.ts).
      CREATE TABLE document_removal (
        tenant     text PRIMARY KEY,
        state      text NOT NULL,
        removed    jsonb NOT NULL DEFAULT '{}',
        since      timestamptz NOT NULL DEFAULT now(),
        removed_at timestamptz
      );
      CREATE INDEX document_removal_open ON document_removal (tenant) WHERE state <> 'removed';

      -- The home region tells all documents of a tenant anew, after another region's outbox has lost what it had told of them.
      CREATE TABLE document_retelling (
        tenant text NOT NULL,
        region text NOT NULL,
        through bigint NOT NULL,               -- last sequence of that region's log that is gone
        after  text[] NOT NULL DEFAULT '{"", "", ""}',
        PRIMARY KEY (tenant, region)
      );

      -- The stream holds contents that its readers may not have any more: it is made anew.
      CREATE TABLE stream_purge (
        tenant    text PRIMARY KEY,
        wanted_at timestamptz NOT NULL DEFAULT now()
      );
      -- Up to this version such contents went into the stream.
      INSERT INTO stream_purge (tenant)
        SELECT t.id FROM tenant t WHERE cardinality(t.residency) > 0 AND EXISTS (SELECT 1 FROM document d WHERE d.tenant = t.id);

      -- From the commit of an event to its being visible here, counted in buckets (libs/replication/src/convergence.ts).
      CREATE TABLE convergence (
        origin text NOT NULL,
        minute timestamptz NOT NULL,
        counts bigint[] NOT NULL,
        PRIMARY KEY (origin, minute)
      );

      CREATE INDEX document_tenant ON document (tenant, collection, kind, id);
      CREATE INDEX conflict_tenant ON conflict (tenant) WHERE tenant <> '';
      CREATE INDEX change_tenant ON change (tenant) WHERE tenant <> '';
      CREATE INDEX outbox_documents ON outbox ((data->>'tenant'), origin_sequence) WHERE type = 'lapidary.document.changed.v1';
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP INDEX outbox_documents, change_tenant, conflict_tenant, document_tenant;
      DROP TABLE convergence, stream_purge, document_retelling, document_removal, withheld_change;
    `);
  }
}
