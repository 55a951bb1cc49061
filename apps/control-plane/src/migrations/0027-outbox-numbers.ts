import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Rows of the outbox are written once. Their numbers are rows of a narrow table, what has none yet is another, and how far the stream has
 * them is one number: writing each wide row again for its number and again for its mark was most of the relay's work (docs/benchmarks.md).
 */
export class OutboxNumbers1763772000027 implements MigrationInterface {
  readonly name = 'OutboxNumbers1763772000027';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE outbox_number (
        sequence bigint PRIMARY KEY,
        position bigint NOT NULL UNIQUE
      );
      INSERT INTO outbox_number SELECT origin_sequence, position FROM outbox WHERE origin_sequence IS NOT NULL ORDER BY origin_sequence;

      -- Committed with the event, taken away with its numbering.
      CREATE TABLE outbox_waiting (position bigint PRIMARY KEY);
      INSERT INTO outbox_waiting SELECT position FROM outbox WHERE origin_sequence IS NULL ORDER BY position;

      -- Apart from origin, whose row is locked while events are numbered.
      CREATE TABLE outbox_published (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        through  bigint NOT NULL                   -- everything up to it was acknowledged by the stream once
      );
      INSERT INTO outbox_published (through) SELECT coalesce(
        (SELECT min(origin_sequence) - 1 FROM outbox WHERE origin_sequence IS NOT NULL AND published_at IS NULL),
        (SELECT max(sequence) FROM origin), 0);

      -- With their indexes.
      ALTER TABLE outbox DROP COLUMN origin_sequence, DROP COLUMN origin_epoch, DROP COLUMN published_at;
      CREATE INDEX outbox_subject ON outbox (subject, position);
      CREATE INDEX outbox_documents ON outbox ((data->>'tenant'), position) WHERE type = 'lapidary.document.changed.v1';

      -- Whoever writes an event, by hand too: none is ever left without a number.
      CREATE FUNCTION note_outbox_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO outbox_waiting SELECT position FROM written;
        RETURN NULL;
      END $$;
      CREATE TRIGGER outbox_waits AFTER INSERT ON outbox REFERENCING NEW TABLE AS written
        FOR EACH STATEMENT EXECUTE FUNCTION note_outbox_waiting();
      CREATE FUNCTION forget_outbox_number() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM outbox_number n USING gone WHERE n.position = gone.position;
        DELETE FROM outbox_waiting w USING gone WHERE w.position = gone.position;
        RETURN NULL;
      END $$;
      CREATE TRIGGER outbox_forgets AFTER DELETE ON outbox REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION forget_outbox_number();
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP TRIGGER outbox_waits ON outbox;
      DROP TRIGGER outbox_forgets ON outbox;
      DROP FUNCTION note_outbox_waiting(), forget_outbox_number();
      DROP INDEX outbox_subject, outbox_documents;
      ALTER TABLE outbox ADD COLUMN origin_sequence bigint UNIQUE, ADD COLUMN origin_epoch integer, ADD COLUMN published_at timestamptz;
      UPDATE outbox o SET origin_sequence = n.sequence, origin_epoch = origin.epoch,
          published_at = CASE WHEN n.sequence <= (SELECT through FROM outbox_published) THEN now() END
        FROM outbox_number n, origin WHERE n.position = o.position;
      CREATE INDEX outbox_unnumbered ON outbox (position) WHERE origin_sequence IS NULL;
      CREATE INDEX outbox_unpublished ON outbox (origin_sequence) WHERE published_at IS NULL AND origin_sequence IS NOT NULL;
      CREATE INDEX outbox_subject ON outbox (subject, origin_sequence);
      CREATE INDEX outbox_documents ON outbox ((data->>'tenant'), origin_sequence) WHERE type = 'lapidary.document.changed.v1';
      DROP TABLE outbox_number, outbox_waiting, outbox_published;
    `);
  }
}
