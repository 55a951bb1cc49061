import type pg from 'pg';
import type { PropertyMap } from '../property-values.js';
import { passwordFits } from './scram-verifier.js';

/**
 * What the role and the database of a stamp may, beside what its inputs say: a role that was made a superuser reads its neighbours'
 * tables, one with another password serves nobody after its next restart. Compared by every look for drift.
 */
export const statedRights: PropertyMap = {
  login: true,
  superuser: false,
  createDatabase: false,
  createRole: false,
  replication: false,
  bypassRowSecurity: false,
  validUntil: null,
  memberOf: [],
  settings: [],
  password: 'the one that it was given',
  publicAccess: false,
};

interface RightsRow {
  readonly owner: string;
  readonly connectionLimit: number;
  readonly verifier: string | null;
  readonly [right: string]: unknown;
}

/** Names of `statedRights`, as Postgres has them; read as superuser, for the verifier is in pg_authid only. */
const query = `
  SELECT r.rolname AS owner, r.rolconnlimit AS "connectionLimit", r.rolpassword AS verifier, r.rolcanlogin AS login,
         r.rolsuper AS superuser, r.rolcreatedb AS "createDatabase", r.rolcreaterole AS "createRole", r.rolreplication AS replication,
         r.rolbypassrls AS "bypassRowSecurity", r.rolvaliduntil::text AS "validUntil",
         ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_authid g ON g.oid = m.roleid WHERE m.member = r.oid ORDER BY 1) AS "memberOf",
         ARRAY(SELECT unnest(s.setconfig) FROM pg_db_role_setting s WHERE s.setrole = r.oid OR (s.setrole = 0 AND s.setdatabase = d.oid) ORDER BY 1) AS settings,
         EXISTS (SELECT 1 FROM aclexplode(d.datacl) a WHERE a.grantee = 0) OR d.datacl IS NULL AS "publicAccess"
    FROM pg_database d JOIN pg_authid r ON r.oid = d.datdba WHERE d.datname = $1`;

/** undefined: there is no such database. */
export const seenRights = async (
  client: pg.Client,
  database: string,
  password: string,
): Promise<{ readonly owner: string; readonly connectionLimit: number; readonly rights: PropertyMap } | undefined> => {
  const { rows } = await client.query<RightsRow>(query, [database]);
  const [row] = rows;
  if (row === undefined) return undefined;
  const { owner, connectionLimit, verifier, ...rights } = row;
  const isOurs = verifier !== null && passwordFits(password, verifier);
  return { owner, connectionLimit, rights: { ...(rights as PropertyMap), password: isOurs ? statedRights['password']! : 'another one' } };
};
