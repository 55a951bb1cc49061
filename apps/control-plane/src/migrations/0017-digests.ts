import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Digests of documents, kept while they are written (docs/flows/drift.md). */
export class Digests1763772000017 implements MigrationInterface {
  readonly name = 'Digests1763772000017';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      -- The same as bucketOf and elementOf of libs/replication/src/digest/element.ts; a test holds them together.
      -- Marked immutable since the encoding is a constant, whatever convert_to says of itself in general.
      CREATE FUNCTION document_bucket(tenant text, id text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT ('x' || substr(encode(sha256(convert_to(tenant || '/' || id, 'UTF8')), 'hex'), 1, 3))::bit(12)::integer
      $$;
      CREATE FUNCTION document_element(tenant text, id text, digest text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT ('x' || substr(encode(sha256(convert_to(tenant || '/' || id, 'UTF8')), 'hex'), 1, 3)
                    || substr(encode(sha256(convert_to(tenant || '/' || id || '/' || digest, 'UTF8')), 'hex'), 1, 13))::bit(64)::bigint
      $$;
      CREATE INDEX document_bucket ON document (collection, kind, document_bucket(tenant, id));

      -- What is kept of each set of documents: sums by bucket, and coded symbols.
      CREATE TABLE digest_state (
        collection text NOT NULL,
        kind       text NOT NULL,
        rows       bigint NOT NULL,
        root       bigint NOT NULL,                -- sum of all elements modulo 2^64
        buckets    bytea NOT NULL,
        sketch     bytea NOT NULL,
        folded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (collection, kind)
      );

      -- Changes that are not in it yet. Writers only insert here, so that no two of them wait for each other; state and open
      -- changes together are the digest at any moment.
      CREATE TABLE digest_delta (
        collection text NOT NULL,
        kind       text NOT NULL,
        removed    bigint,
        added      bigint
      );

      -- In the transaction of whatever writes a row, also of who does it by hand.
      CREATE FUNCTION note_document_digest() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'UPDATE' AND (OLD.collection, OLD.kind, OLD.tenant, OLD.id) = (NEW.collection, NEW.kind, NEW.tenant, NEW.id) THEN
          IF OLD.digest <> NEW.digest THEN
            INSERT INTO digest_delta VALUES (NEW.collection, NEW.kind, document_element(OLD.tenant, OLD.id, OLD.digest),
                                             document_element(NEW.tenant, NEW.id, NEW.digest));
          END IF;
          RETURN NULL;
        END IF;
        IF TG_OP <> 'INSERT' THEN
          INSERT INTO digest_delta VALUES (OLD.collection, OLD.kind, document_element(OLD.tenant, OLD.id, OLD.digest), NULL);
        END IF;
        IF TG_OP <> 'DELETE' THEN
          INSERT INTO digest_delta VALUES (NEW.collection, NEW.kind, NULL, document_element(NEW.tenant, NEW.id, NEW.digest));
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER document_digest AFTER INSERT OR DELETE OR UPDATE OF collection, kind, tenant, id, digest ON document
        FOR EACH ROW EXECUTE FUNCTION note_document_digest();

      INSERT INTO digest_delta SELECT collection, kind, NULL, document_element(tenant, id, digest) FROM document;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP TRIGGER document_digest ON document;
      DROP FUNCTION note_document_digest();
      DROP TABLE digest_delta, digest_state;
      DROP INDEX document_bucket;
      DROP FUNCTION document_element(text, text, text);
      DROP FUNCTION document_bucket(text, text);
    `);
  }
}
