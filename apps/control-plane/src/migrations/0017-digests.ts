import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Digests of documents, kept while they are written (docs/flows/drift.md). */
export class Digests1763772000017 implements MigrationInterface {
  readonly name = 'Digests1763772000017';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      -- The same as bucketOf and elementOf of libs/replication/src/digest/element.ts; a test holds them together.
      -- A cast and not convert_to, which is not immutable: a function with it could not be inlined, and would cost ten times as
      -- much. Backslashes are doubled, since the cast reads them as escapes.
      CREATE FUNCTION document_bucket(tenant text, id text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT ('x' || substr(encode(sha256(replace(tenant || '/' || id, '\\', '\\\\')::bytea), 'hex'), 1, 3))::bit(12)::integer
      $$;
      CREATE FUNCTION document_element(tenant text, id text, digest text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT ('x' || substr(encode(sha256(replace(tenant || '/' || id, '\\', '\\\\')::bytea), 'hex'), 1, 3)
                    || substr(encode(sha256(replace(tenant || '/' || id || '/' || digest, '\\', '\\\\')::bytea), 'hex'), 1, 13))::bit(64)::bigint
      $$;
      CREATE INDEX document_bucket ON document (collection, kind, document_bucket(tenant, id));

      -- Where documents of a tenant may be, as one text: each has a digest of its own, since only regions that may have them all
      -- can agree on it. Empty: everywhere.
      CREATE FUNCTION audience_of(residency text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT coalesce(string_agg(DISTINCT place COLLATE "C", ',' ORDER BY place COLLATE "C"), '') FROM unnest(residency) AS place
      $$;
      CREATE FUNCTION document_audience(of_tenant text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT coalesce((SELECT audience_of(t.residency) FROM tenant t WHERE t.id = of_tenant AND cardinality(t.residency) > 0), '')
      $$;

      -- What is kept of each set of documents: sums by bucket, and coded symbols.
      CREATE TABLE digest_state (
        collection text NOT NULL,
        kind       text NOT NULL,
        audience   text NOT NULL,
        rows       bigint NOT NULL,
        root       bigint NOT NULL,                -- sum of all elements modulo 2^64
        buckets    bytea NOT NULL,
        sketch     bytea NOT NULL,
        folded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (collection, kind, audience)
      );

      -- Changes that are not in it yet. Writers only insert here, so that no two of them wait for each other; state and open
      -- changes together are the digest at any moment.
      CREATE TABLE digest_delta (
        collection text NOT NULL,
        kind       text NOT NULL,
        audience   text NOT NULL,
        removed    bigint,
        added      bigint
      );

      -- What a peer's heartbeats say of its digest, beside ours at that moment.
      CREATE TABLE digest_peer (
        peer      text PRIMARY KEY,
        root      text NOT NULL,
        own_root  text NOT NULL,
        told_at   timestamptz NOT NULL DEFAULT now(),
        agreed_at timestamptz                      -- last time that both were equal
      );

      -- How far the scrub has come with each collection and kind.
      CREATE TABLE digest_scrub (
        collection  text NOT NULL,
        kind        text NOT NULL,
        next_bucket integer NOT NULL,
        passed_at   timestamptz,                   -- when all buckets had been looked through
        PRIMARY KEY (collection, kind)
      );

      -- Documents that are not what their digest says, until the scrub finds them in order.
      CREATE TABLE corrupt_document (
        collection text NOT NULL,
        kind       text NOT NULL,
        tenant     text NOT NULL,
        id         text NOT NULL,
        kept       text NOT NULL,
        found      text NOT NULL,
        found_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (collection, kind, tenant, id)
      );

      -- A run may repair what stands.
      ALTER TABLE drift_run ADD COLUMN repair jsonb, ADD COLUMN repairs jsonb NOT NULL DEFAULT '[]';
      DROP INDEX drift_run_queued;
      CREATE UNIQUE INDEX drift_run_queued ON drift_run (coalesce(stamp, ''), coalesce(repair::text, '')) WHERE status = 'queued';
      ALTER TABLE drift_finding ADD COLUMN repair_rounds integer NOT NULL DEFAULT 0, ADD COLUMN quarantined_at timestamptz;

      -- In the transaction of whatever writes a row, also of who does it by hand.
      CREATE FUNCTION note_document_digest() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'UPDATE' AND (OLD.collection, OLD.kind, OLD.tenant, OLD.id) = (NEW.collection, NEW.kind, NEW.tenant, NEW.id) THEN
          IF OLD.digest <> NEW.digest THEN
            INSERT INTO digest_delta VALUES (NEW.collection, NEW.kind, CASE WHEN NEW.tenant = '' THEN '' ELSE document_audience(NEW.tenant) END,
              document_element(OLD.tenant, OLD.id, OLD.digest), document_element(NEW.tenant, NEW.id, NEW.digest));
          END IF;
          RETURN NULL;
        END IF;
        IF TG_OP <> 'INSERT' THEN
          INSERT INTO digest_delta
            VALUES (OLD.collection, OLD.kind, document_audience(OLD.tenant), document_element(OLD.tenant, OLD.id, OLD.digest), NULL);
        END IF;
        IF TG_OP <> 'DELETE' THEN
          INSERT INTO digest_delta
            VALUES (NEW.collection, NEW.kind, document_audience(NEW.tenant), NULL, document_element(NEW.tenant, NEW.id, NEW.digest));
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER document_digest AFTER INSERT OR DELETE OR UPDATE OF collection, kind, tenant, id, digest ON document
        FOR EACH ROW EXECUTE FUNCTION note_document_digest();

      -- A tenant's documents go from one set to another with its residency.
      CREATE FUNCTION note_tenant_audience() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        was text := '';
        becomes text := audience_of(NEW.residency);
      BEGIN
        IF TG_OP = 'UPDATE' THEN was := audience_of(OLD.residency); END IF;
        IF was <> becomes THEN
          INSERT INTO digest_delta
            SELECT d.collection, d.kind, side.audience, CASE WHEN side.leaves THEN e.element END, CASE WHEN NOT side.leaves THEN e.element END
              FROM document d CROSS JOIN LATERAL (SELECT document_element(d.tenant, d.id, d.digest) AS element) AS e
              CROSS JOIN (VALUES (was, true), (becomes, false)) AS side(audience, leaves)
             WHERE d.tenant = NEW.id;
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER tenant_audience AFTER INSERT OR UPDATE OF residency ON tenant FOR EACH ROW EXECUTE FUNCTION note_tenant_audience();

      INSERT INTO digest_delta
        SELECT collection, kind, document_audience(tenant), NULL, document_element(tenant, id, digest) FROM document;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP TRIGGER document_digest ON document;
      DROP TRIGGER tenant_audience ON tenant;
      DROP FUNCTION note_document_digest(), note_tenant_audience();
      ALTER TABLE drift_finding DROP COLUMN repair_rounds, DROP COLUMN quarantined_at;
      DROP INDEX drift_run_queued;
      ALTER TABLE drift_run DROP COLUMN repair, DROP COLUMN repairs;
      CREATE UNIQUE INDEX drift_run_queued ON drift_run (coalesce(stamp, '')) WHERE status = 'queued';
      DROP TABLE corrupt_document, digest_scrub, digest_peer, digest_delta, digest_state;
      DROP INDEX document_bucket;
      DROP FUNCTION document_element(text, text, text);
      DROP FUNCTION document_bucket(text, text), document_audience(text), audience_of(text[]);
    `);
  }
}
