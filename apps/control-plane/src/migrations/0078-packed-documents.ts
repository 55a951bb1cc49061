import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Documents whose fields are merged one by one are kept packed (libs/replication/src/collections/packed-state.ts), in a column of their own. No row
 * is written anew: what is there is packed when it is written next. A control plane of an older version can't read what is packed, and fails.
 */
export class PackedDocuments1763772000078 implements MigrationInterface {
  readonly name = 'PackedDocuments1763772000078';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE document ADD COLUMN packed text, ALTER COLUMN state DROP NOT NULL;
      -- Not valid: rows that are there have a state and nothing else, and need not be looked at.
      ALTER TABLE document ADD CONSTRAINT document_kept CHECK ((state IS NULL) <> (packed IS NULL)) NOT VALID;

      -- For people, and for the way back. A register is a list (values, time and value of each, times seen), or as it is.
      CREATE FUNCTION unpacked_register(register jsonb, times jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE WHEN jsonb_typeof(register) <> 'array' THEN register ELSE jsonb_build_object(
          'siblings', (SELECT coalesce(jsonb_agg(jsonb_build_object('at', times->(register->(2 * i - 1))::int, 'value', register->(2 * i)) ORDER BY i), '[]')
             FROM generate_series(1, (register->0)::int) AS i),
          'seen', (SELECT coalesce(jsonb_object_agg(substr(times->>(register->i)::int, 20), times->(register->i)::int), '{}')
             FROM generate_series(1 + 2 * (register->0)::int, jsonb_array_length(register) - 1) AS i)) END
      $$;
      CREATE FUNCTION document_state(d document) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE WHEN d.packed IS NULL THEN d.state ELSE (
          SELECT coalesce(p->'more', '{}') || jsonb_build_object('kind', 'lww', 'alive', unpacked_register(p->'alive', p->'times'),
              'fields', (SELECT coalesce(jsonb_object_agg(key, unpacked_register(value, p->'times')), '{}') FROM jsonb_each(p->'fields')))
            FROM (SELECT d.packed::jsonb AS p) AS kept) END
      $$;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      UPDATE document d SET state = document_state(d), packed = NULL WHERE packed IS NOT NULL;
      DROP FUNCTION document_state(document);
      DROP FUNCTION unpacked_register(jsonb, jsonb);
      ALTER TABLE document DROP CONSTRAINT document_kept, DROP COLUMN packed, ALTER COLUMN state SET NOT NULL;
    `);
  }
}
