import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';

/**
 * What this database runs on: another one after a copy or a restore into a new database (its oid), into a new server (its system
 * identifier), to a point in time, or after a stand-by was promoted (its timeline). The last may be one that lost the newest commits. A disk that
 * was set back under the same server shows in none of them: only those who hold more of the log notice that. Null: the server does not say.
 */
export const databaseIdentity = async (reader: Reader): Promise<string | null> => {
  const [row] = await rowsOf<{ identity: string | null }>(
    reader,
    `SELECT system_identifier || '/' || d.oid || '/' ||
            CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END AS identity
       FROM pg_control_system(), pg_database d WHERE d.datname = current_database()`,
  );
  return row?.identity ?? null;
};
