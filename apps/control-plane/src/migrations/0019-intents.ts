import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requests that wait for the region that owns their subject, and what this region has decided on others' (docs/flows/intents.md). */
export class Intents1763772000019 implements MigrationInterface {
  readonly name = 'Intents1763772000019';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE intent (
        id              text PRIMARY KEY,            -- ULID: intents of one subject are asked for in this order
        owner           text NOT NULL,
        subject         text NOT NULL,
        method          text NOT NULL,
        url             text NOT NULL,
        headers         jsonb NOT NULL,
        body            text,
        actor           text NOT NULL,
        reason          text,
        request_id      text NOT NULL,
        idempotency_key text,
        request_hash    text NOT NULL,
        state           text NOT NULL,               -- intents/intent-states.ts
        created_at      timestamptz NOT NULL DEFAULT now(),
        expires_at      timestamptz NOT NULL,
        attempts        integer NOT NULL DEFAULT 0,
        last_attempt_at timestamptz,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        last_error      text,
        settled_at      timestamptz,
        settled_by      text,
        answer          jsonb
      );
      -- A repeat under the same key is the same intent.
      CREATE UNIQUE INDEX intent_key ON intent (actor, idempotency_key) WHERE idempotency_key IS NOT NULL;
      CREATE INDEX intent_open ON intent (owner, id) WHERE settled_at IS NULL;
      CREATE INDEX intent_open_subject ON intent (subject) WHERE settled_at IS NULL;
      CREATE INDEX intent_settled ON intent (settled_at) WHERE settled_at IS NOT NULL;

      -- At the owner: written once, in the transaction of the effect where there is one.
      CREATE TABLE intent_verdict (
        origin     text NOT NULL,
        id         text NOT NULL,
        verdict    text NOT NULL,
        status     integer,
        headers    jsonb NOT NULL DEFAULT '{}',
        body       text NOT NULL DEFAULT '',
        actor      text NOT NULL,
        expires_at timestamptz NOT NULL,
        decided_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (origin, id)
      );
      CREATE INDEX intent_verdict_expires ON intent_verdict (expires_at);
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE intent_verdict, intent');
  }
}
