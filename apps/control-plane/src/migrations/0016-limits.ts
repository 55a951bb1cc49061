import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the routers of each region hold their traffic to. Without a row the defaults of the contract hold, as version 0. */
export class Limits1763772000016 implements MigrationInterface {
  readonly name = 'Limits1763772000016';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE limits_document (
        region     text PRIMARY KEY REFERENCES region(name),
        version    integer NOT NULL CHECK (version > 0),
        document   jsonb NOT NULL,
        changed_by text NOT NULL,
        reason     text,
        changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE limits_document');
  }
}
