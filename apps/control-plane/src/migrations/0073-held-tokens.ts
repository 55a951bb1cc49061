import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens that a restored database remembers, and that may have been revoked since its backup (auth/held-credentials.ts). */
export class HeldTokens1763772000073 implements MigrationInterface {
  readonly name = 'HeldTokens1763772000073';

  async up(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE api_token ADD COLUMN held_at timestamptz');
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE api_token DROP COLUMN held_at');
  }
}
