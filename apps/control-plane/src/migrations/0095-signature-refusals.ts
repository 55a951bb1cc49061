import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was said in the name of a peer and is not signed by it, counted by kind: any replica finds it, and people ask any other. */
export class SignatureRefusals1763772000095 implements MigrationInterface {
  readonly name = 'SignatureRefusals1763772000095';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE signature_refusal (
        peer text NOT NULL, what text NOT NULL, why text NOT NULL, times bigint NOT NULL,
        first_at timestamptz NOT NULL DEFAULT now(), last_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (peer, what, why))
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE signature_refusal');
  }
}
