import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Under which epochs a restored database knew the other regions: who has begun another one since was restored, too (libs/replication/src/recovery/judge-log.ts). */
export class VouchingPeers1763772000071 implements MigrationInterface {
  readonly name = 'VouchingPeers1763772000071';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE recovery ADD COLUMN peer_epochs jsonb NOT NULL DEFAULT '{}';
      ALTER TABLE recovery_peer ADD COLUMN restored boolean NOT NULL DEFAULT false;   -- it may have known more of this region's log
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE recovery DROP COLUMN peer_epochs; ALTER TABLE recovery_peer DROP COLUMN restored');
  }
}
