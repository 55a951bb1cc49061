import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What keeps the leader from publishing, for whoever asks any replica of the region (outbox/publishing-trouble.ts). */
export class PublishingTrouble1763772000098 implements MigrationInterface {
  readonly name = 'PublishingTrouble1763772000098';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE publishing_trouble (
        what text PRIMARY KEY CHECK (what IN ('events', 'routes')),
        since timestamptz NOT NULL DEFAULT clock_timestamp(),
        because text NOT NULL
      )`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE publishing_trouble');
  }
}
