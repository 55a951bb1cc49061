import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How drift went, by day; how bad what a suppression accepts may be; and whether the scrub goes on. */
export class HistoryOfDrift1763772000080 implements MigrationInterface {
  readonly name = 'HistoryOfDrift1763772000080';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      -- Runs are kept for a week; this stays for as long as findings do.
      CREATE TABLE drift_day (
        day    date PRIMARY KEY,                     -- UTC, by when a run ended
        runs   integer NOT NULL,                     -- over all stamps, to their end
        failed integer NOT NULL,                     -- that did not end well
        blind  text[] NOT NULL                       -- sensors that missed what was planted for them, in any of them
      );
      INSERT INTO drift_day (day, runs, failed, blind)
      SELECT (finished_at AT TIME ZONE 'UTC')::date, count(*) FILTER (WHERE status = 'done'), count(*) FILTER (WHERE status <> 'done'),
             coalesce(array_agg(DISTINCT s->>'kind') FILTER (WHERE s->>'canary' = 'missed'), '{}')
        FROM drift_run LEFT JOIN LATERAL jsonb_array_elements(sensors) AS s ON s->>'canary' = 'missed'
       WHERE finished_at IS NOT NULL AND stamp IS NULL AND repair IS NULL GROUP BY 1;
      CREATE INDEX drift_finding_first_seen ON drift_finding (first_seen);

      -- The worst that it hides. Those of before hid everything, and whoever made them meant it.
      ALTER TABLE drift_suppression ADD COLUMN severity text NOT NULL DEFAULT 'critical';
      ALTER TABLE drift_suppression ALTER COLUMN severity DROP DEFAULT;

      ALTER TABLE digest_scrub ADD COLUMN noted_at timestamptz NOT NULL DEFAULT now(), -- of the last slice, however it went
                               ADD COLUMN failed text;                                 -- why the last slice could not be looked through
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE digest_scrub DROP COLUMN noted_at, DROP COLUMN failed;
      ALTER TABLE drift_suppression DROP COLUMN severity;
      DROP INDEX drift_finding_first_seen;
      DROP TABLE drift_day;
    `);
  }
}
