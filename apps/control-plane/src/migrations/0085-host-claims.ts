import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Every region keeps all claims of a host name, each as the tenant's home region told it, and whoever reads finds the first (docs/adr/0102): a claim
 * that was put in another one's place could not come back when that one is given up.
 */
export class HostClaims1763772000085 implements MigrationInterface {
  readonly name = 'HostClaims1763772000085';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`ALTER TABLE tenant_hostname ADD COLUMN claim_hlc text NOT NULL DEFAULT ''`);
    await q.query('UPDATE tenant_hostname h SET claim_hlc = t.claim_hlc FROM tenant t WHERE t.id = h.tenant');
    await q.query(
      'ALTER TABLE tenant_hostname ALTER COLUMN claim_hlc DROP DEFAULT, DROP CONSTRAINT tenant_hostname_pkey, ADD PRIMARY KEY (hostname, tenant)',
    );
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(
      `DELETE FROM tenant_hostname h USING tenant_hostname o WHERE o.hostname = h.hostname AND (o.claim_hlc, o.tenant) < (h.claim_hlc, h.tenant)`,
    );
    await q.query('ALTER TABLE tenant_hostname DROP CONSTRAINT tenant_hostname_pkey, ADD PRIMARY KEY (hostname), DROP COLUMN claim_hlc');
  }
}
