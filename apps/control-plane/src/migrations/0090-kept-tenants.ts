import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What regions compare of tenants is kept by bucket, so that a look at a million costs no reading of a million (digests/tenant-digests.ts). Writers
 * only note whom they touched, each statement for itself, so that no two of them wait for each other.
 */
export class KeptTenants1763772000090 implements MigrationInterface {
  readonly name = 'KeptTenants1763772000090';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE tenant_digest (
        key    text PRIMARY KEY,
        owner  text NOT NULL,
        bucket integer NOT NULL,
        digest bigint NOT NULL
      );
      CREATE INDEX tenant_digest_bucket ON tenant_digest (owner, bucket);

      CREATE TABLE tenant_digest_sum (
        owner  text NOT NULL,
        bucket integer NOT NULL,
        rows   bigint NOT NULL,
        sum    numeric NOT NULL,
        PRIMARY KEY (owner, bucket)
      );

      -- Not in it yet, any number of times.
      CREATE TABLE tenant_touched (key text NOT NULL);

      -- Of what the kept digests are made; who makes them of something else reads the rows. One row, which also is the lock of whoever folds.
      CREATE TABLE tenant_digest_form (form text NOT NULL);
      INSERT INTO tenant_digest_form VALUES ('');

      CREATE FUNCTION note_tenants_added() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_TABLE_NAME = 'tenant' THEN INSERT INTO tenant_touched SELECT id FROM becomes;
        ELSE INSERT INTO tenant_touched SELECT DISTINCT tenant FROM becomes; END IF;
        RETURN NULL;
      END $$;
      CREATE FUNCTION note_tenants_changed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_TABLE_NAME = 'tenant' THEN INSERT INTO tenant_touched SELECT id FROM was UNION SELECT id FROM becomes;
        ELSE INSERT INTO tenant_touched SELECT tenant FROM was UNION SELECT tenant FROM becomes; END IF;
        RETURN NULL;
      END $$;
      CREATE FUNCTION note_tenants_removed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_TABLE_NAME = 'tenant' THEN INSERT INTO tenant_touched SELECT id FROM was;
        ELSE INSERT INTO tenant_touched SELECT DISTINCT tenant FROM was; END IF;
        RETURN NULL;
      END $$;
      ${tables
        .map(
          (table) => `
      CREATE TRIGGER ${table}_noted_added AFTER INSERT ON ${table} REFERENCING NEW TABLE AS becomes
        FOR EACH STATEMENT EXECUTE FUNCTION note_tenants_added();
      CREATE TRIGGER ${table}_noted_changed AFTER UPDATE ON ${table} REFERENCING OLD TABLE AS was NEW TABLE AS becomes
        FOR EACH STATEMENT EXECUTE FUNCTION note_tenants_changed();
      CREATE TRIGGER ${table}_noted_removed AFTER DELETE ON ${table} REFERENCING OLD TABLE AS was
        FOR EACH STATEMENT EXECUTE FUNCTION note_tenants_removed();`,
        )
        .join('')}
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    for (const table of tables)
      for (const what of ['added', 'changed', 'removed']) await q.query(`DROP TRIGGER ${table}_noted_${what} ON ${table}`);
    await q.query(`
      DROP FUNCTION note_tenants_added(), note_tenants_changed(), note_tenants_removed();
      DROP TABLE tenant_digest, tenant_digest_sum, tenant_touched, tenant_digest_form;
    `);
  }
}

/** Of which a tenant's digest is made. */
const tables = ['tenant', 'placement', 'tenant_hostname'];
