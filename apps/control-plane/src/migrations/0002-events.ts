import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Outbox and inbox, version vector, the directory's rows, dead letters and conflicts. */
export class Events1763772000002 implements MigrationInterface {
  readonly name = 'Events1763772000002';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      -- Identity of this database as an origin of events. A restored backup gets a new epoch by hand (runbook restore).
      CREATE TABLE origin (
        only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        region       text NOT NULL,
        epoch        integer NOT NULL DEFAULT 1,
        generation   text NOT NULL,                -- identifies the directory's cursors
        sequence     bigint NOT NULL DEFAULT 0,    -- last origin sequence given
        cursor       bigint NOT NULL DEFAULT 0,    -- last directory cursor given
        audit_sequence bigint NOT NULL DEFAULT 0,
        audit_hash   text NOT NULL DEFAULT ''
      );

      -- Sequences are given by the relay to what it sees committed, not at insert: identity values become visible out of
      -- order, and a reader that has seen 8 must never meet 7 later (outbox/number-outbox.ts says why this is causal).
      CREATE TABLE outbox (
        position        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id              text NOT NULL UNIQUE,
        origin_sequence bigint UNIQUE,
        origin_epoch    integer,
        hlc             text NOT NULL,
        type            text NOT NULL,
        subject         text NOT NULL,
        request_id      text NOT NULL,
        actor           text NOT NULL,
        data            jsonb NOT NULL,
        created_at      timestamptz NOT NULL DEFAULT now(),
        published_at    timestamptz
      );
      CREATE INDEX outbox_unnumbered ON outbox (position) WHERE origin_sequence IS NULL;
      CREATE INDEX outbox_unpublished ON outbox (origin_sequence) WHERE published_at IS NULL AND origin_sequence IS NOT NULL;

      CREATE INDEX outbox_subject ON outbox (subject, origin_sequence);

      -- How far each peer has applied our events, as it told us; retention goes by it.
      CREATE TABLE peer_ack (
        peer     text PRIMARY KEY,
        epoch    integer NOT NULL,
        sequence bigint NOT NULL,
        told_at  timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE version_vector (
        origin        text PRIMARY KEY,
        epoch         integer NOT NULL,
        sequence      bigint NOT NULL,
        stream_hint   bigint NOT NULL DEFAULT 0,   -- where to resume in the stream; an optimisation only
        stream_id     text NOT NULL DEFAULT '',    -- creation time of the stream that the hint is for
        last_event_at timestamptz,
        applied_at    timestamptz NOT NULL DEFAULT now(),
        confirmed_at  timestamptz                  -- when that region's control plane last answered us
      );

      CREATE TABLE inbox (
        event_id    text PRIMARY KEY,
        origin      text NOT NULL,
        epoch       integer NOT NULL,
        sequence    bigint NOT NULL,
        type        text NOT NULL,
        applied_at  timestamptz NOT NULL DEFAULT now(),
        UNIQUE (origin, epoch, sequence)
      );

      CREATE TABLE dead_letter (
        id         text PRIMARY KEY,
        origin     text NOT NULL,
        epoch      integer NOT NULL,
        sequence   bigint NOT NULL,
        type       text NOT NULL,
        subject    text NOT NULL,
        event      jsonb NOT NULL,
        error      text NOT NULL,
        parked_at  timestamptz NOT NULL DEFAULT now(),
        UNIQUE (origin, epoch, sequence)
      );
      CREATE INDEX dead_letter_subject ON dead_letter (subject);

      CREATE TABLE conflict (
        id          text PRIMARY KEY,
        policy      text NOT NULL,
        subject     text NOT NULL,
        winner      jsonb NOT NULL,
        loser       jsonb NOT NULL,
        cause       text NOT NULL,
        detected_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX conflict_subject ON conflict (subject);

      -- What routers know, kept in the same transaction as its cause. The publisher gives cursors in commit order.
      CREATE TABLE directory_entry (
        key          text PRIMARY KEY,
        body         jsonb NOT NULL,
        stamp        text,                          -- of a tenant of this region: who must hold it
        previous_stamp text,                        -- who must drop it
        cursor       bigint UNIQUE,                 -- null: changed since it was last published
        published_cursor bigint,                    -- cursor that the stream has
        committed_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX directory_entry_unnumbered ON directory_entry (committed_at, key) WHERE cursor IS NULL;
      CREATE INDEX directory_entry_dropping ON directory_entry (previous_stamp) WHERE previous_stamp IS NOT NULL;
      CREATE INDEX directory_entry_unpublished ON directory_entry (cursor) WHERE cursor IS NOT NULL AND published_cursor IS DISTINCT FROM cursor;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE directory_entry, conflict, dead_letter, inbox, version_vector, peer_ack, outbox, origin');
  }
}
