import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Epochs that a peer told lower than they are known here (apps/control-plane/src/replication/refused-epochs.ts). */
export class RefusedEpochs1763772000064 implements MigrationInterface {
  readonly name = 'RefusedEpochs1763772000064';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE refused_epoch (
        what   text NOT NULL CHECK (what IN ('stamp', 'tenant')),
        name   text NOT NULL,
        origin text NOT NULL,
        held   integer NOT NULL,
        told   integer NOT NULL,
        since  timestamptz NOT NULL DEFAULT clock_timestamp(),
        times  integer NOT NULL DEFAULT 1,
        PRIMARY KEY (what, name)
      );
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE refused_epoch');
  }
}
