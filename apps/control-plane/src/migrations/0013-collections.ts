import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Documents that every region writes (docs/flows/collections.md). */
export class Collections1763772000013 implements MigrationInterface {
  readonly name = 'Collections1763772000013';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE collection (
        name       text PRIMARY KEY,
        definition jsonb NOT NULL,                 -- register: definitions made apart, until somebody has seen both
        updated_at timestamptz NOT NULL DEFAULT now()
      );

      -- No foreign key to collection: a document may arrive before the definition, which another region may have made.
      -- The kind is in the key, so that a state is never met by a merge of another kind.
      CREATE TABLE document (
        collection   text NOT NULL,
        kind         text NOT NULL CHECK (kind IN ('lww', 'counter', 'append', 'document')),
        tenant       text NOT NULL,                -- '' in a collection of the fleet
        id           text NOT NULL,
        state        jsonb NOT NULL,
        automerge    bytea,                        -- of kind document
        told_in_part integer NOT NULL DEFAULT 0,   -- changes of this region since it last told the whole state
        exists       boolean NOT NULL,
        digest       text NOT NULL,                -- equal in all regions that know the same writes
        bytes        integer NOT NULL,
        conflicts    integer NOT NULL,
        latest       text NOT NULL,                -- latest hybrid time in the state
        own_event    text,                         -- this region's last event about it; causal tokens name it
        updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (collection, kind, tenant, id)
      );
      CREATE INDEX document_conflicts ON document (collection) WHERE conflicts > 0;

      -- Who changed a document, in the order in which it happened here; what "watch" reads. xid tells what is committed:
      -- identity values become visible out of order.
      CREATE TABLE change (
        position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
        collection text NOT NULL,
        kind       text NOT NULL,
        tenant     text NOT NULL,
        document   text NOT NULL,
        event      text NOT NULL,
        origin     text NOT NULL,
        hlc        text NOT NULL,
        actor      text NOT NULL,
        request_id text NOT NULL,
        at         timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE INDEX change_collection ON change (collection, tenant, xid, position);
      CREATE INDEX change_age ON change (at);

      -- Changes from further ahead of this clock than clocks may be: counted and shown, applied when their time comes.
      CREATE TABLE held_change (
        event_id  text PRIMARY KEY,
        origin    text NOT NULL,
        event     jsonb NOT NULL,
        due_at    timestamptz NOT NULL,
        held_at   timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX held_change_due ON held_change (due_at);

      ALTER TABLE conflict ADD COLUMN collection text, ADD COLUMN tenant text, ADD COLUMN field text;
      CREATE INDEX conflict_collection ON conflict (collection) WHERE collection IS NOT NULL;

      -- A token of a stamp's workload: it reads and writes documents of the tenants that the stamp holds, and nothing else.
      ALTER TABLE api_token ADD COLUMN stamp text;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE api_token DROP COLUMN stamp;
      ALTER TABLE conflict DROP COLUMN collection, DROP COLUMN tenant, DROP COLUMN field;
      DROP TABLE held_change, change, document, collection;
    `);
  }
}
