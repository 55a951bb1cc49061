import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An idempotency key is its tenant's: the workload of a stamp asks for all of the stamp's tenants as one caller, and each may number its
 * orders alike. Answers that are there are about whom they show, so that a repeat is still one.
 */
export class KeysByTenant1763772000074 implements MigrationInterface {
  readonly name = 'KeysByTenant1763772000074';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE idempotency_key ADD COLUMN tenant text NOT NULL DEFAULT '';
      UPDATE idempotency_key SET tenant = body->>'tenant' WHERE body ? 'collection' AND body->>'tenant' IS NOT NULL;
      ALTER TABLE idempotency_key DROP CONSTRAINT idempotency_key_pkey, ADD PRIMARY KEY (principal, tenant, key);
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    // One answer of those that share a key is no answer to the others: none of them stays.
    await q.query(`
      DELETE FROM idempotency_key k USING idempotency_key o
       WHERE o.principal = k.principal AND o.key = k.key AND o.tenant <> k.tenant;
      ALTER TABLE idempotency_key DROP CONSTRAINT idempotency_key_pkey, ADD PRIMARY KEY (principal, key);
      ALTER TABLE idempotency_key DROP COLUMN tenant;
    `);
  }
}
