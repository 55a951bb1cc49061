import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * No index tells of what every write of a document changes (migration 28): those of migration 50 did, since an index's condition counts as much as
 * its columns do, and that of conflicts did where their number changed. What they ask is in columns of its own now, which are the same before and
 * after nearly every write.
 */
export class DocumentsInPlaceAgain1763772000066 implements MigrationInterface {
  readonly name = 'DocumentsInPlaceAgain1763772000066';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP INDEX document_history_due, document_history_next, document_conflicts;
      ALTER TABLE document
        ADD COLUMN conflicted boolean NOT NULL DEFAULT false,    -- conflicts > 0
        ADD COLUMN history_due boolean NOT NULL DEFAULT false,   -- a nested document's history is long beside what it holds
        ADD COLUMN history_next boolean NOT NULL DEFAULT false;  -- another one is proposed
      -- Not generated columns: every row would be written anew by whoever adds them. Whoever writes need not know of these.
      -- The numbers: a history of 32 changes or less has nothing to gain, and one that was begun anew for what it holds is not begun anew each
      -- round; one of 1,000 takes some 10 ms to open (10 µs a change, measured), in the one thread that opens all nested documents. Below 2,048
      -- bytes a row's other columns weigh as much. Histories grow by 2 to 15 bytes a change: small documents come to four times what they hold
      -- after some hundred changes, and a proposal costs one of them. 8,192 is a quarter of the default budget of a document: larger ones must
      -- not meet it by what they were.
      CREATE FUNCTION note_document_marks() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        changes integer;
        history integer;
        contents integer;
      BEGIN
        NEW.conflicted := NEW.conflicts > 0;
        IF NEW.kind = 'document' THEN
          changes := coalesce((NEW.state->>'changes')::int, 0);
          history := coalesce(octet_length(NEW.automerge), 0);
          contents := NEW.bytes - history;
          NEW.history_due := changes > 32
            AND (changes > 1000 OR history > 2048 AND history > 4 * contents OR history > 8192 AND history > contents);
          NEW.history_next := NEW.state->'next' IS NOT NULL;
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER document_marks BEFORE INSERT OR UPDATE ON document
        FOR EACH ROW WHEN (NEW.kind = 'document' OR NEW.conflicted <> (NEW.conflicts > 0)) EXECUTE FUNCTION note_document_marks();
      UPDATE document SET conflicted = conflicts > 0 WHERE kind = 'document' OR conflicts > 0;
      CREATE INDEX document_conflicts ON document (collection) WHERE conflicted;
      CREATE INDEX document_history_due ON document (tenant) WHERE history_due;
      CREATE INDEX document_history_next ON document (tenant) WHERE history_next;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP INDEX document_history_due, document_history_next, document_conflicts;
      DROP TRIGGER document_marks ON document;
      DROP FUNCTION note_document_marks();
      ALTER TABLE document DROP COLUMN conflicted, DROP COLUMN history_due, DROP COLUMN history_next;
      CREATE INDEX document_conflicts ON document (collection) WHERE conflicts > 0;
      CREATE INDEX document_history_due ON document (tenant) WHERE kind = 'document' AND (state->>'changes')::int > 32
        AND ((state->>'changes')::int > 1000 OR octet_length(automerge) > 2048 AND octet_length(automerge) > 4 * (bytes - octet_length(automerge))
             OR octet_length(automerge) > 8192 AND octet_length(automerge) > bytes - octet_length(automerge));
      CREATE INDEX document_history_next ON document (tenant) WHERE kind = 'document' AND state->'next' IS NOT NULL;
    `);
  }
}
