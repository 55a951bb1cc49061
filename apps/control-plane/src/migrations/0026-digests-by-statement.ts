import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Digests follow each statement, not each row: what takes in a peer's changes writes hundreds of rows at once, and calling the function
 * for each was a third of it (docs/benchmarks.md). What is noted stays the same.
 */
export class DigestsByStatement1763772000026 implements MigrationInterface {
  readonly name = 'DigestsByStatement1763772000026';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP TRIGGER document_digest ON document;
      DROP FUNCTION note_document_digest();

      -- Rows that had one name before and have another now leave one set and join another.
      CREATE FUNCTION note_documents_changed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO digest_delta
          SELECT collection, kind, CASE WHEN tenant = '' THEN '' ELSE document_audience(tenant) END,
                 CASE WHEN o.digest IS NOT NULL THEN document_element(tenant, id, o.digest) END,
                 CASE WHEN n.digest IS NOT NULL THEN document_element(tenant, id, n.digest) END
            FROM was o FULL JOIN becomes n USING (collection, kind, tenant, id) WHERE o.digest IS DISTINCT FROM n.digest;
        RETURN NULL;
      END $$;
      CREATE FUNCTION note_documents_added() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO digest_delta
          SELECT collection, kind, CASE WHEN tenant = '' THEN '' ELSE document_audience(tenant) END, NULL, document_element(tenant, id, digest)
            FROM becomes;
        RETURN NULL;
      END $$;
      CREATE FUNCTION note_documents_removed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO digest_delta
          SELECT collection, kind, CASE WHEN tenant = '' THEN '' ELSE document_audience(tenant) END, document_element(tenant, id, digest), NULL
            FROM was;
        RETURN NULL;
      END $$;
      CREATE TRIGGER document_digest_changed AFTER UPDATE ON document REFERENCING OLD TABLE AS was NEW TABLE AS becomes
        FOR EACH STATEMENT EXECUTE FUNCTION note_documents_changed();
      CREATE TRIGGER document_digest_added AFTER INSERT ON document REFERENCING NEW TABLE AS becomes
        FOR EACH STATEMENT EXECUTE FUNCTION note_documents_added();
      CREATE TRIGGER document_digest_removed AFTER DELETE ON document REFERENCING OLD TABLE AS was
        FOR EACH STATEMENT EXECUTE FUNCTION note_documents_removed();
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP TRIGGER document_digest_changed ON document;
      DROP TRIGGER document_digest_added ON document;
      DROP TRIGGER document_digest_removed ON document;
      DROP FUNCTION note_documents_changed(), note_documents_added(), note_documents_removed();
      CREATE FUNCTION note_document_digest() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR OLD.digest <> NEW.digest OR OLD.id <> NEW.id) THEN
          INSERT INTO digest_delta
            VALUES (OLD.collection, OLD.kind, document_audience(OLD.tenant), document_element(OLD.tenant, OLD.id, OLD.digest), NULL);
        END IF;
        IF TG_OP <> 'DELETE' AND (TG_OP = 'INSERT' OR OLD.digest <> NEW.digest OR OLD.id <> NEW.id) THEN
          INSERT INTO digest_delta
            VALUES (NEW.collection, NEW.kind, document_audience(NEW.tenant), NULL, document_element(NEW.tenant, NEW.id, NEW.digest));
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER document_digest AFTER INSERT OR DELETE OR UPDATE OF collection, kind, tenant, id, digest ON document
        FOR EACH ROW EXECUTE FUNCTION note_document_digest();
    `);
  }
}
