import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs of the drift sensors, what they found, and what is hidden of it for a while. */
export class Drift1763772000009 implements MigrationInterface {
  readonly name = 'Drift1763772000009';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE drift_run (
        id           text PRIMARY KEY,
        region       text NOT NULL REFERENCES region(name),
        trigger      text NOT NULL,
        requested_by text NOT NULL,
        request_id   text NOT NULL,
        stamp        text,                         -- the only one to look at; null: all
        status       text NOT NULL,
        created_at   timestamptz NOT NULL DEFAULT now(),
        started_at   timestamptz,
        finished_at  timestamptz,
        appeared     integer NOT NULL DEFAULT 0,
        resolved     integer NOT NULL DEFAULT 0,
        sensors      jsonb NOT NULL DEFAULT '[]',
        error        text
      );
      -- Asking again while a run waits gets that run: it will look later than both asked.
      CREATE UNIQUE INDEX drift_run_queued ON drift_run (coalesce(stamp, '')) WHERE status = 'queued';
      CREATE INDEX drift_run_status ON drift_run (status, id);
      CREATE INDEX drift_run_region ON drift_run (region);

      -- A finding lasts from its first to its last sight. Gone and back again is a new row: its age starts anew, the old
      -- one stays as history. Whether it is hidden is never stored: it follows from drift_suppression and the time.
      CREATE TABLE drift_finding (
        id          text PRIMARY KEY,
        region      text NOT NULL REFERENCES region(name),
        kind        text NOT NULL,
        subject     text NOT NULL,
        path        text NOT NULL,
        expected    jsonb NOT NULL,
        observed    jsonb NOT NULL,
        severity    text NOT NULL,
        owner       text NOT NULL,
        first_seen  timestamptz NOT NULL DEFAULT now(),
        last_seen   timestamptz NOT NULL DEFAULT now(),
        times_seen  integer NOT NULL DEFAULT 1,
        resolved_at timestamptz
      );
      CREATE UNIQUE INDEX drift_finding_open ON drift_finding (kind, subject, path) WHERE resolved_at IS NULL;
      CREATE INDEX drift_finding_subject ON drift_finding (subject, id);
      CREATE INDEX drift_finding_resolved ON drift_finding (resolved_at) WHERE resolved_at IS NOT NULL;
      CREATE INDEX drift_finding_region ON drift_finding (region);

      CREATE TABLE drift_suppression (
        id         text PRIMARY KEY,
        region     text NOT NULL REFERENCES region(name),
        kind       text NOT NULL,
        subject    text NOT NULL,
        path       text,                           -- null: every path
        observed   jsonb,                          -- the accepted value; with a path only
        owner      text NOT NULL,
        reason     text NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        until      timestamptz NOT NULL,
        lifted_by  text,
        lifted_at  timestamptz,
        CHECK ((path IS NULL) = (observed IS NULL)),
        CHECK (until > created_at)
      );
      CREATE INDEX drift_suppression_live ON drift_suppression (kind, subject) WHERE lifted_at IS NULL;
      CREATE INDEX drift_suppression_region ON drift_suppression (region);

      -- Facts ask for the latest job of every stamp.
      CREATE INDEX job_subject ON job (subject, id);
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP INDEX job_subject');
    await q.query('DROP TABLE drift_suppression, drift_finding, drift_run');
  }
}
