import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import pg from 'pg';
import type { StepContext } from '../jobs/job-definition.js';
import { connectTimeoutMs } from './decommission-limits.js';
import { sqlNameOf } from './leftovers.js';
import { dumpWithPostgresTools, usablePgDump } from './pg-dump.js';
import { writeRows } from './row-snapshot.js';

export interface SnapshotOptions {
  readonly config: Pick<ControlPlaneConfig, 'LAPIDARY_SNAPSHOT_DIR' | 'LAPIDARY_LOCAL_POSTGRES_ADMIN_URL'>;
  readonly spec: Pick<StampSpec, 'name' | 'driver'>;
  readonly jobId: string;
  readonly signal: AbortSignal;
  readonly report: StepContext['report'];
}

export interface KeptSnapshot {
  readonly message: string;
  /** Absolute path; null where there is nothing to keep, or somebody else keeps it. */
  readonly file: string | null;
}

/**
 * The last copy of a stamp's data before it goes. Here: a file named by stamp and job, so that a second try replaces its own and
 * no other. In the cloud the database makes it while it is deleted (finalSnapshotIdentifier in infra/template/aws/data.ts).
 */
export const finalSnapshot = async (options: SnapshotOptions): Promise<KeptSnapshot> => {
  const { config, spec, jobId, signal, report } = options;
  if (spec.driver !== 'local') return { message: 'The database makes its own final snapshot when it is deleted', file: null };
  const admin = config.LAPIDARY_LOCAL_POSTGRES_ADMIN_URL;
  if (admin === undefined) throw new Error('a local stamp without LAPIDARY_LOCAL_POSTGRES_ADMIN_URL');
  const database = sqlNameOf(spec.name);
  const server = await serverOf(admin, database);
  if (!server.hasDatabase) return { message: `There is no database ${database}`, file: null };
  const directory = resolve(config.LAPIDARY_SNAPSHOT_DIR);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const url = new URL(admin);
  url.pathname = `/${database}`;
  const name = join(directory, `${spec.name}-${jobId.slice(jobId.lastIndexOf('.') + 1)}`);
  if (await usablePgDump(server.major)) {
    const file = `${name}.dump`;
    const bytes = await dumpWithPostgresTools(url, file, signal);
    return { message: `${bytes} bytes by pg_dump in ${file}`, file };
  }
  report(
    'warning',
    `There is no pg_dump of version ${server.major} or newer on PATH: rows are kept, with the definitions of tables and indexes`,
  );
  const file = `${name}.rows.gz`;
  const { tables, rows, bytes } = await writeRows({ url, file, stamp: spec.name, signal });
  return { message: `${rows} rows of ${tables} tables, ${bytes} bytes, in ${file}`, file };
};

const serverOf = async (url: string, database: string): Promise<{ readonly major: number; readonly hasDatabase: boolean }> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs, application_name: 'decommission' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ version: string; has: boolean }>(
      `SELECT current_setting('server_version_num') AS version, EXISTS (SELECT FROM pg_database WHERE datname = $1) AS has`,
      [database],
    );
    return { major: Math.floor(Number(rows[0]?.version ?? 0) / 10_000), hasDatabase: rows[0]?.has === true };
  } finally {
    await client.end().catch(() => undefined);
  }
};
