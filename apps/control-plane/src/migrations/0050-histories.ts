import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Histories of nested documents begin anew (libs/replication/src/collections/generations.ts). */
export class Histories1763772000050 implements MigrationInterface {
  readonly name = 'Histories1763772000050';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      -- The few that are due, and the fewer that are proposed: found without reading the others. The condition is that of
      -- collections/due-histories.ts, which has the reasons for its numbers.
      CREATE INDEX document_history_due ON document (tenant) WHERE kind = 'document' AND (state->>'changes')::int > 32
        AND ((state->>'changes')::int > 1000 OR octet_length(automerge) > 2048 AND octet_length(automerge) > 4 * (bytes - octet_length(automerge))
             OR octet_length(automerge) > 8192 AND octet_length(automerge) > bytes - octet_length(automerge));
      CREATE INDEX document_history_next ON document (tenant) WHERE kind = 'document' AND state->'next' IS NOT NULL;
      -- Whether a region knows of histories that begin anew: a version that does not would go on in the old one.
      ALTER TABLE region_knowledge ADD COLUMN histories boolean NOT NULL DEFAULT false;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE region_knowledge DROP COLUMN histories;
      DROP INDEX document_history_next, document_history_due;
    `);
  }
}
