import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The digest of what was published is kept while entries are marked, so that telling it costs no reading of a million (directory/directory-sum.ts).
 * It is the sum of all rows of `directory_sum`: who changes entries adds a row and waits for nobody; the leader makes one of them.
 */
export class DirectorySum1763772000094 implements MigrationInterface {
  readonly name = 'DirectorySum1763772000094';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE INDEX directory_entry_published ON directory_entry (published_cursor) WHERE published_cursor IS NOT NULL;

      -- STABLE like convert_to, and not STRICT: only so PostgreSQL puts it into the statement, which then takes a quarter of the time.
      CREATE FUNCTION directory_entry_hash(key text, cursor bigint) RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT ('x' || encode(substr(sha256(convert_to(key || E'\\n' || cursor, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint::numeric
      $$;

      CREATE TABLE directory_sum (count bigint NOT NULL, sum numeric NOT NULL);
      LOCK TABLE directory_entry IN SHARE ROW EXCLUSIVE MODE;
      INSERT INTO directory_sum SELECT count(published_cursor), coalesce(sum(directory_entry_hash(key, published_cursor)), 0) FROM directory_entry;

      CREATE FUNCTION sum_directory_added() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO directory_sum SELECT count(*), sum(directory_entry_hash(key, published_cursor))
          FROM becomes WHERE published_cursor IS NOT NULL HAVING count(*) > 0;
        RETURN NULL;
      END $$;
      CREATE FUNCTION sum_directory_removed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO directory_sum SELECT -count(*), -sum(directory_entry_hash(key, published_cursor))
          FROM was WHERE published_cursor IS NOT NULL HAVING count(*) > 0;
        RETURN NULL;
      END $$;
      -- Most changes of entries leave what was published as it is: those cost no hash and add no row.
      CREATE FUNCTION sum_directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO directory_sum SELECT sum(n), sum(n * directory_entry_hash(key, published_cursor))
          FROM (SELECT key, published_cursor, sum(n) AS n
                  FROM (SELECT key, published_cursor, -1 AS n FROM was WHERE published_cursor IS NOT NULL
                        UNION ALL SELECT key, published_cursor, 1 FROM becomes WHERE published_cursor IS NOT NULL) each
                 GROUP BY key, published_cursor HAVING sum(n) <> 0) net HAVING count(*) > 0;
        RETURN NULL;
      END $$;
      CREATE TRIGGER directory_entry_sum_added AFTER INSERT ON directory_entry REFERENCING NEW TABLE AS becomes
        FOR EACH STATEMENT EXECUTE FUNCTION sum_directory_added();
      CREATE TRIGGER directory_entry_sum_changed AFTER UPDATE ON directory_entry REFERENCING OLD TABLE AS was NEW TABLE AS becomes
        FOR EACH STATEMENT EXECUTE FUNCTION sum_directory_changed();
      CREATE TRIGGER directory_entry_sum_removed AFTER DELETE ON directory_entry REFERENCING OLD TABLE AS was
        FOR EACH STATEMENT EXECUTE FUNCTION sum_directory_removed();
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    for (const what of ['added', 'changed', 'removed']) await q.query(`DROP TRIGGER directory_entry_sum_${what} ON directory_entry`);
    await q.query(`
      DROP FUNCTION sum_directory_added(), sum_directory_changed(), sum_directory_removed();
      DROP TABLE directory_sum;
      DROP FUNCTION directory_entry_hash(text, bigint);
      DROP INDEX directory_entry_published;
    `);
  }
}
