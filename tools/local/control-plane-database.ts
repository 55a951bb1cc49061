import pg from 'pg';

/** The control plane's own role and database: it is no superuser, as in production. */
const role = 'control_plane';
const database = 'control_plane';

/** Makes both, or brings the password up to date. May be repeated; a run that was cut short is completed by the next. */
export const ensureControlPlaneDatabase = async (adminUrl: string, password: string): Promise<string> => {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const known = async (sql: string, name: string): Promise<boolean> => (await client.query(sql, [name])).rowCount === 1;
    // Identifiers and the password are ours: letters, digits and underscores.
    if (!(await known('select 1 from pg_roles where rolname = $1', role))) await client.query(`create role ${role} login`);
    await client.query(`alter role ${role} password '${password}'`);
    if (!(await known('select 1 from pg_database where datname = $1', database)))
      await client.query(`create database ${database} owner ${role}`);
  } finally {
    await client.end();
  }
  const url = new URL(adminUrl);
  url.username = role;
  url.password = password;
  url.pathname = `/${database}`;
  return url.href;
};
