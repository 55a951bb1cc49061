import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Progress and estimates of jobs, forced cancels, points of no return, and the jobs that nobody gets done. */
export class JobsInDepth1763772000007 implements MigrationInterface {
  readonly name = 'JobsInDepth1763772000007';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE job
        ADD COLUMN variant          text NOT NULL DEFAULT '', -- jobs of one kind and variant take comparable times
        ADD COLUMN queued_at        timestamptz NOT NULL DEFAULT clock_timestamp(), -- last time; created_at is the first
        ADD COLUMN reclaims         integer NOT NULL DEFAULT 0, -- workers that fell silent since a step was last done
        ADD COLUMN cancel_forced_at timestamptz,
        ADD COLUMN no_return_at     timestamptz;
      UPDATE job SET queued_at = created_at;
      CREATE INDEX job_history ON job (kind, variant, finished_at DESC) WHERE status = 'succeeded';

      ALTER TABLE job_step
        ADD COLUMN usual_median_ms   integer,
        ADD COLUMN usual_p90_ms      integer,
        ADD COLUMN usual_samples     integer,
        ADD COLUMN progress_done     integer,
        ADD COLUMN progress_expected integer;

      CREATE TABLE job_dead_letter (
        id          text PRIMARY KEY,
        region      text NOT NULL REFERENCES region(name),
        job         text REFERENCES job(id), -- null for a message that names none
        kind        text NOT NULL,
        subject     text,
        cause       text NOT NULL,
        message     text NOT NULL,
        step        text,
        attempts    integer NOT NULL,
        payload     jsonb,
        dead_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
        resolution  text,
        resolved_at timestamptz,
        resolved_by text,
        reason      text
      );
      CREATE INDEX job_dead_letter_job ON job_dead_letter (job);
      CREATE INDEX job_dead_letter_region ON job_dead_letter (region);
      CREATE UNIQUE INDEX job_dead_letter_open ON job_dead_letter (job) WHERE resolution IS NULL;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP TABLE job_dead_letter;
      DROP INDEX job_history;
      ALTER TABLE job DROP COLUMN variant, DROP COLUMN queued_at, DROP COLUMN reclaims, DROP COLUMN cancel_forced_at, DROP COLUMN no_return_at;
      ALTER TABLE job_step DROP COLUMN usual_median_ms, DROP COLUMN usual_p90_ms, DROP COLUMN usual_samples,
        DROP COLUMN progress_done, DROP COLUMN progress_expected;
    `);
  }
}
