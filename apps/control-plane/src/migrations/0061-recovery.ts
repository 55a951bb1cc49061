import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A region whose database was restored from a backup (libs/replication/src/recovery/recovery-states.ts). */
export class Recovery1763772000061 implements MigrationInterface {
  readonly name = 'Recovery1763772000061';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      -- What this database ran on when it was last started (recovery/database-identity.ts); null: before that was noted.
      ALTER TABLE origin ADD COLUMN database_identity text;

      CREATE TABLE recovery (
        only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        state     text NOT NULL DEFAULT 'sound' CHECK (state IN ('sound', 'suspected', 'reconciling', 'retelling', 'holding', 'too-old')),
        since     timestamptz NOT NULL DEFAULT clock_timestamp(),
        began_at  timestamptz,                       -- when it was fenced; null while it is sound
        evidence  jsonb NOT NULL DEFAULT '[]',       -- who said what, the newest last
        backup_at timestamptz,                       -- the last moment that this database remembers of its time before the last start
        hlc_floor text,                              -- B6: whatever is recorded must be later; null where it was never restored
        without   text[] NOT NULL DEFAULT '{}'       -- regions that an operator opened it without
      );
      INSERT INTO recovery DEFAULT VALUES;

      -- B1, whoever writes, an older version of this code too. What is found while looking for drift tells of no decision.
      CREATE OR REPLACE FUNCTION note_outbox_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE r recovery;
      BEGIN
        SELECT * INTO r FROM recovery;
        IF r.state NOT IN ('sound', 'holding') AND coalesce(current_setting('lapidary.recovering', true), '') <> 'on'
           AND EXISTS (SELECT 1 FROM written WHERE type NOT LIKE 'lapidary.drift.%') THEN
          RAISE EXCEPTION 'this region is fenced: its database was restored (%)', r.state USING ERRCODE = 'LP001';
        END IF;
        IF r.hlc_floor IS NOT NULL AND EXISTS (SELECT 1 FROM written WHERE hlc COLLATE "C" <= r.hlc_floor COLLATE "C") THEN
          RAISE EXCEPTION 'a clock of this region is behind what was seen before its restore' USING ERRCODE = 'LP001';
        END IF;
        INSERT INTO outbox_waiting SELECT position FROM written;
        RETURN NULL;
      END $$;

      -- An origin that answers for less of an epoch than was taken in of it: nothing more is taken in until it begins another (B2).
      ALTER TABLE version_vector ADD COLUMN set_back_to bigint, ADD COLUMN set_back_at timestamptz;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE version_vector DROP COLUMN set_back_to, DROP COLUMN set_back_at;
      CREATE OR REPLACE FUNCTION note_outbox_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO outbox_waiting SELECT position FROM written;
        RETURN NULL;
      END $$;
      DROP TABLE recovery;
      ALTER TABLE origin DROP COLUMN database_identity;
    `);
  }
}
