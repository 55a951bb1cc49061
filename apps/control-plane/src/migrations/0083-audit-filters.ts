import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who, what, about what and when, each in the order that pages are read in (audit/audit-rows.ts). */
export class AuditFilters1763772000083 implements MigrationInterface {
  readonly name = 'AuditFilters1763772000083';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP INDEX audit_subject;
      CREATE INDEX audit_time ON audit (at, id);
      CREATE INDEX audit_subject ON audit (subject, at, id);
      CREATE INDEX audit_actor ON audit (actor, at, id);
      CREATE INDEX audit_action ON audit (action, at, id)`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP INDEX audit_time, audit_subject, audit_actor, audit_action;
      CREATE INDEX audit_subject ON audit (subject, id)`);
  }
}
