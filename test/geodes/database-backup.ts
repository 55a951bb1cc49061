import pg from 'pg';

/** A region's database as it was, kept beside it on its server. */
export interface DatabaseBackup {
  /** Puts it in the database's place, as often as it is asked; what was written since is gone, and whoever was connected is cut off. */
  restore(): Promise<void>;
}

const as = async (adminUrl: string, work: (run: (sql: string) => Promise<unknown>) => Promise<void>): Promise<void> => {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await work(async (sql) => client.query(sql));
  } finally {
    await client.end();
  }
};

/** `url`: of the database; `adminUrl`: of a superuser, elsewhere on the same server. Whoever is connected is cut off for the time of a copy. */
export const backUpDatabase = async (adminUrl: string, url: string): Promise<DatabaseBackup> => {
  const { pathname, username } = new URL(url);
  const name = pathname.slice(1);
  await as(adminUrl, async (run) => {
    await run(`alter database ${name} allow_connections false`);
    await run(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
    await run(`drop database if exists ${name}_backup`);
    await run(`create database ${name}_backup template ${name} owner ${username}`);
    await run(`alter database ${name} allow_connections true`);
  });
  return {
    restore: async () =>
      as(adminUrl, async (run) => {
        await run(`drop database if exists ${name} with (force)`);
        await run(`create database ${name} template ${name}_backup owner ${username}`);
      }),
  };
};
