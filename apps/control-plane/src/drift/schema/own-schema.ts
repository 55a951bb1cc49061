import type { SchemaAnswer } from '@lapidary/contracts/schema-protocol';
import { releasedSchemas } from '@lapidary/contracts/schemas/released';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';

/** Columns, constraints, indexes and triggers of each table of ours, as one digest; the order of columns does not matter. */
const tableDigests = `
  SELECT c.relname AS name, md5(coalesce(string_agg(part.text, E'\\n' ORDER BY part.text), '')) AS digest
    FROM pg_class c
    CROSS JOIN LATERAL (
      SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS text
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = c.oid
      UNION ALL SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = c.oid
      UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
    ) AS part
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.relname`;

export const readOwnSchema = async (reader: Reader): Promise<SchemaAnswer> => {
  const tables = await rowsOf<{ name: string; digest: string }>(reader, tableDigests);
  const migrations = await rowsOf<{ name: string }>(reader, 'SELECT name FROM migrations ORDER BY timestamp, name');
  return {
    wire: releasedSchemas,
    migrations: migrations.map((row) => row.name),
    tables: Object.fromEntries(tables.map((row) => [row.name, row.digest])),
  };
};

export const plantedTable = (nonce: string): string => `planted_${nonce}`;

/** A table and a migration that no code and no other region knows. In a transaction that is rolled back. */
export const plantSchema = async (tx: Tx, nonce: string): Promise<void> => {
  await tx.query(`CREATE TABLE ${plantedTable(nonce)} (id integer)`);
  await tx.query('INSERT INTO migrations (timestamp, name) VALUES (0, $1)', [plantedTable(nonce)]);
};
