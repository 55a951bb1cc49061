import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who is frozen is looked for every few seconds (apps/control-plane/src/tenants/thaw-due.ts): a handful of rows among all tenants. */
export class FrozenTenants1763772000072 implements MigrationInterface {
  readonly name = 'FrozenTenants1763772000072';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`CREATE INDEX tenant_frozen ON tenant (id) WHERE labels->>'traffic' = 'frozen'`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP INDEX tenant_frozen');
  }
}
