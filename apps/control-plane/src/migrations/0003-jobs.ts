import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Durable jobs. The queue itself is pg-boss's (schema pgboss); what a job is and where it stands is ours. */
export class Jobs1763772000003 implements MigrationInterface {
  readonly name = 'Jobs1763772000003';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE job (
        id              text PRIMARY KEY,
        region          text NOT NULL REFERENCES region(name),
        kind            text NOT NULL,
        subject         text NOT NULL,
        status          text NOT NULL,
        attempt         integer NOT NULL DEFAULT 1,
        input           jsonb NOT NULL,
        summary         text,
        error_code      text,
        error_message   text,
        requested_by    text NOT NULL,
        request_id      text NOT NULL,
        lease_owner     text,
        lease_token     integer NOT NULL DEFAULT 0, -- grows with each lease: a revoked lease cannot complete a job
        lease_until     timestamptz,
        event_sequence  integer NOT NULL DEFAULT 0,
        created_at      timestamptz NOT NULL DEFAULT now(),
        started_at      timestamptz,
        finished_at     timestamptz
      );
      CREATE UNIQUE INDEX job_one_per_subject ON job (subject) WHERE status IN ('queued', 'running', 'cancelling');
      CREATE INDEX job_created ON job (created_at DESC, id);
      CREATE INDEX job_region ON job (region);
      CREATE INDEX job_open ON job (lease_until) WHERE status IN ('queued', 'running', 'cancelling');

      CREATE TABLE job_step (
        job         text NOT NULL REFERENCES job(id),
        position    integer NOT NULL,
        name        text NOT NULL,
        title       text NOT NULL,
        status      text NOT NULL DEFAULT 'pending',
        attempts    integer NOT NULL DEFAULT 0,
        output      jsonb,
        message     text,
        started_at  timestamptz,
        finished_at timestamptz,
        PRIMARY KEY (job, position)
      );

      CREATE TABLE job_event (
        job      text NOT NULL REFERENCES job(id),
        sequence integer NOT NULL,
        at       timestamptz NOT NULL DEFAULT now(),
        level    text NOT NULL,
        step     text,
        message  text NOT NULL,
        data     jsonb,
        PRIMARY KEY (job, sequence)
      );
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE job_event, job_step, job');
  }
}
