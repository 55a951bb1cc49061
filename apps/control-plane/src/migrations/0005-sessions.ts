import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Console sessions: a browser holds a short-lived secret of its own instead of somebody's long-lived token. */
export class Sessions1763772000005 implements MigrationInterface {
  readonly name = 'Sessions1763772000005';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE api_session (
        sha256     text PRIMARY KEY,
        token      text NOT NULL REFERENCES api_token(id),
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL
      );
      CREATE INDEX api_session_token ON api_session (token);
      CREATE INDEX api_session_expiry ON api_session (expires_at);
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE api_session');
  }
}
