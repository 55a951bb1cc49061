import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who may call, what they asked before (idempotency), and what they did (audit). */
export class Access1763772000004 implements MigrationInterface {
  readonly name = 'Access1763772000004';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE api_token (
        id         text PRIMARY KEY,
        name       text NOT NULL UNIQUE,
        sha256     text NOT NULL UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        revoked_at timestamptz
      );

      CREATE TABLE role_binding (
        principal text NOT NULL,
        role      text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
        region    text NOT NULL DEFAULT '*',
        PRIMARY KEY (principal, role, region)
      );

      -- Written in the same transaction as the effect: the answer to a repeat is the answer to the first.
      CREATE TABLE idempotency_key (
        principal    text NOT NULL,
        key          text NOT NULL,
        request_hash text NOT NULL,
        status       integer NOT NULL,
        body         jsonb NOT NULL,
        headers      jsonb NOT NULL DEFAULT '{}',
        created_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (principal, key)
      );
      CREATE INDEX idempotency_key_age ON idempotency_key (created_at);

      -- Rows are chained by a sealer in commit order; chaining at insert would serialise every write.
      CREATE TABLE audit (
        id         text PRIMARY KEY,
        xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
        position   bigint GENERATED ALWAYS AS IDENTITY,
        sequence   bigint UNIQUE,
        at         timestamptz NOT NULL DEFAULT now(),
        actor      text NOT NULL,
        action     text NOT NULL,
        subject    text NOT NULL,
        reason     text,
        request_id text NOT NULL,
        change     jsonb,
        hash       text
      );
      CREATE INDEX audit_subject ON audit (subject, id);
      CREATE INDEX audit_unsealed ON audit (xid, position) WHERE sequence IS NULL;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE audit, idempotency_key, role_binding, api_token');
  }
}
