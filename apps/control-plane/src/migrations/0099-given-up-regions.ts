import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Regions that were given up as lost for good (regions/given-up-states.ts): who said so, what each region says of it, and, beside the position in its log,
 * that nothing more of it is taken in. `returned_at`: when it was heard all the same.
 */
export class GivenUpRegions1763772000099 implements MigrationInterface {
  readonly name = 'GivenUpRegions1763772000099';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE given_up_region (id text PRIMARY KEY, region text NOT NULL, told jsonb NOT NULL);
      CREATE TABLE given_up_word (decision text, region text, answer text, told jsonb NOT NULL, PRIMARY KEY (decision, region, answer));
      ALTER TABLE recovery ADD COLUMN given_up boolean NOT NULL DEFAULT false;
      ${noteOutboxWaiting(`
        IF r.given_up AND coalesce(current_setting('lapidary.recovering', true), '') <> 'on'
           AND EXISTS (SELECT 1 FROM written WHERE type NOT LIKE 'lapidary.drift.%') THEN
          RAISE EXCEPTION 'this region was given up by the others' USING ERRCODE = 'LP001';
        END IF;`)}
      ALTER TABLE version_vector ADD COLUMN fenced boolean NOT NULL DEFAULT false, ADD COLUMN returned_at timestamptz;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE version_vector DROP COLUMN fenced, DROP COLUMN returned_at');
    await q.query(noteOutboxWaiting(''));
    await q.query('ALTER TABLE recovery DROP COLUMN given_up');
    await q.query('DROP TABLE given_up_word, given_up_region');
  }
}

/** As migration 0061 made it, with one more reason to refuse. */
const noteOutboxWaiting = (refusal: string): string => `
      CREATE OR REPLACE FUNCTION note_outbox_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE r recovery;
      BEGIN
        SELECT * INTO r FROM recovery;${refusal}
        IF r.state NOT IN ('sound', 'holding') AND coalesce(current_setting('lapidary.recovering', true), '') <> 'on'
           AND EXISTS (SELECT 1 FROM written WHERE type NOT LIKE 'lapidary.drift.%') THEN
          RAISE EXCEPTION 'this region is fenced: its database was restored (%)', r.state USING ERRCODE = 'LP001';
        END IF;
        IF r.hlc_floor IS NOT NULL AND EXISTS (SELECT 1 FROM written WHERE hlc COLLATE "C" <= r.hlc_floor COLLATE "C") THEN
          RAISE EXCEPTION 'a clock of this region is behind what was seen before its restore' USING ERRCODE = 'LP001';
        END IF;
        INSERT INTO outbox_waiting SELECT position FROM written;
        RETURN NULL;
      END $$;`;
