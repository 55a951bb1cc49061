import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How often a region was heard, so that one can tell whether it was heard since something happened, whatever the clock did meanwhile (RG1 of
 * regions/given-up-states.ts); and how often it had been when this region learned of a decision to give it up.
 */
export class TimesHeard1763772000084 implements MigrationInterface {
  readonly name = 'TimesHeard1763772000084';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE version_vector ADD COLUMN heard bigint NOT NULL DEFAULT 0;
      CREATE TABLE given_up_heard (decision text PRIMARY KEY, heard bigint NOT NULL);
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE given_up_heard');
    await q.query('ALTER TABLE version_vector DROP COLUMN heard');
  }
}
