import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a restored region has fetched back from the others, and from whom (recovery/step-recovery.ts). */
export class Reconciliation1763772000062 implements MigrationInterface {
  readonly name = 'Reconciliation1763772000062';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE recovery_peer (
        peer           text PRIMARY KEY,
        heard_at       timestamptz,             -- null: not heard since the region was fenced
        reconciled_at  timestamptz,             -- when all that it holds of this region was here; of a suspected one, when it vouched
        epoch          integer NOT NULL DEFAULT 0,
        sequence       bigint NOT NULL DEFAULT 0, -- how far it knows this region's log
        latest_hlc     text,                    -- the latest hybrid time of this region that it knows
        tombstone_days integer,
        problem        text                     -- why it is not reconciled, as last tried
      );
      -- Found with another region and not yet told anew; one row of each, whoever had it.
      CREATE TABLE recovery_found (
        what text NOT NULL CHECK (what IN ('stamp', 'tenant', 'definition', 'document')),
        key  text[] NOT NULL,
        PRIMARY KEY (what, key)
      );
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE recovery_found, recovery_peer');
  }
}
