import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was decided about stamping out, and why (P-ST3). */
export class Capacity1763772000011 implements MigrationInterface {
  readonly name = 'Capacity1763772000011';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE capacity_decision (
        id           text PRIMARY KEY,
        region       text NOT NULL REFERENCES region(name),
        mode         text NOT NULL,
        action       text NOT NULL,
        trigger      text,
        blocked_by   text,
        stamp        text, -- a name that nothing may bear yet
        isolation    text,
        reason       text NOT NULL,
        figures      jsonb NOT NULL,
        job          text REFERENCES job(id),
        decided_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
        last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        looks        integer NOT NULL DEFAULT 1
      );
      CREATE INDEX capacity_decision_region ON capacity_decision (region, id DESC);
      CREATE INDEX capacity_decision_job ON capacity_decision (job);
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE capacity_decision');
  }
}
