import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import pg from 'pg';
import { connectTimeoutMs, rowsAtOnce } from './decommission-limits.js';

export interface RowSnapshotOptions {
  /** Of the database, as a role that may read all of it. */
  readonly url: URL;
  readonly file: string;
  readonly stamp: string;
  readonly signal: AbortSignal;
}

interface TableRow {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly definitions: readonly string[];
}

/** Names what is in the file, for whoever reads it in years. */
const format = 'lapidary-rows-1';

/**
 * All rows of a database at one moment, as gzipped JSON lines, for where PostgreSQL's own tool is not at hand: first a header
 * with every table's columns, constraints and indexes, then a line `{"t": <table>, "r": <row>}` each. Rows are read in
 * portions, so a large database needs no large memory. Restored with jsonb_populate_record (docs/flows/decommission.md).
 */
export const writeRows = async (options: RowSnapshotOptions): Promise<{ tables: number; rows: number; bytes: number }> => {
  const { url, file, signal } = options;
  const client = new pg.Client({
    connectionString: url.href,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'final-snapshot',
  });
  client.on('error', () => undefined);
  await client.connect();
  const partial = `${file}.tmp`;
  const counts = { tables: 0, rows: 0 };
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await pipeline(
      Readable.from(linesOf(client, options.stamp, counts)),
      createGzip(),
      createWriteStream(partial, { mode: 0o600, flush: true }),
      {
        signal,
      },
    );
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
    await client.end().catch(() => undefined);
  }
  return { ...counts, bytes: (await stat(file)).size };
};

async function* linesOf(client: pg.Client, stamp: string, counts: { tables: number; rows: number }): AsyncGenerator<string> {
  const { rows: tables } = await client.query<TableRow>(
    `SELECT n.nspname AS schema, c.relname AS name,
            (SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
            coalesce((SELECT jsonb_agg(k.definition) FROM (
               SELECT 'ALTER TABLE ' || c.oid::regclass || ' ADD CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid) AS definition
                 FROM pg_constraint WHERE conrelid = c.oid
               UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = c.oid) AS k), '[]') AS definitions
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%' ORDER BY 1, 2`,
  );
  yield `${JSON.stringify({ format, stamp, takenAt: new Date().toISOString(), tables })}\n`;
  for (const [index, table] of tables.entries()) {
    counts.tables++;
    const name = `${client.escapeIdentifier(table.schema)}.${client.escapeIdentifier(table.name)}`;
    // As text: a number that JavaScript can't hold exactly must not pass through one.
    await client.query(`DECLARE portion NO SCROLL CURSOR FOR SELECT to_jsonb(t)::text AS row FROM ${name} AS t`);
    for (;;) {
      const { rows } = await client.query<{ row: string }>(`FETCH ${rowsAtOnce} FROM portion`);
      for (const { row } of rows) yield `{"t":${index},"r":${row}}\n`;
      counts.rows += rows.length;
      if (rows.length < rowsAtOnce) break;
    }
    await client.query('CLOSE portion');
  }
}
