import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = ['inventory_item', 'profile', 'shop_order', 'order_line', 'idempotency_key'] as const;

/**
 * Every table is keyed by tenant first. Row-level security is the second wall behind the queries' own WHERE: FORCE binds
 * the tables' owner too, and without `app.tenant` in the transaction no row is seen and none can be written.
 */
export class Shop1763772000001 implements MigrationInterface {
  readonly name = 'Shop1763772000001';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE inventory_item (
        tenant      text NOT NULL,
        sku         text NOT NULL,
        name        text NOT NULL,
        price_cents integer NOT NULL CHECK (price_cents >= 0),
        stock       integer NOT NULL CONSTRAINT inventory_stock_not_negative CHECK (stock >= 0),
        updated_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant, sku)
      );

      CREATE TABLE profile (
        tenant       text NOT NULL,
        id           text NOT NULL,
        display_name text NOT NULL,
        email        text,
        attributes   jsonb NOT NULL DEFAULT '{}',
        updated_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant, id)
      );

      CREATE TABLE shop_order (
        tenant      text NOT NULL,
        id          text NOT NULL,
        profile     text,
        total_cents bigint NOT NULL CHECK (total_cents >= 0),
        created_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant, id),
        FOREIGN KEY (tenant, profile) REFERENCES profile (tenant, id)
      );
      CREATE INDEX shop_order_profile ON shop_order (tenant, profile);

      CREATE TABLE order_line (
        tenant      text NOT NULL,
        shop_order  text NOT NULL,
        sku         text NOT NULL,
        quantity    integer NOT NULL CHECK (quantity >= 1),
        price_cents integer NOT NULL CHECK (price_cents >= 0),
        PRIMARY KEY (tenant, shop_order, sku),
        FOREIGN KEY (tenant, shop_order) REFERENCES shop_order (tenant, id),
        FOREIGN KEY (tenant, sku) REFERENCES inventory_item (tenant, sku)
      );
      CREATE INDEX order_line_sku ON order_line (tenant, sku);

      CREATE TABLE idempotency_key (
        tenant         text NOT NULL,
        key            text NOT NULL,
        request_digest text NOT NULL,
        answer         jsonb,
        created_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant, key)
      );
    `);
    for (const table of tables) {
      await q.query(`
        ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY one_tenant ON ${table}
          USING (tenant = current_setting('app.tenant', true))
          WITH CHECK (tenant = current_setting('app.tenant', true));
      `);
    }
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`DROP TABLE ${[...tables].reverse().join(', ')}`);
  }
}
