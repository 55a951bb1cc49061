import { newId } from '@lapidary/kernel/ids';
import pg from 'pg';

/** Real servers for *.int.spec.ts, started once per run by tools/test-backends-setup.mjs. */
const fromEnvironment = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: integration tests are named *.int.spec.ts and run by jest's "integration" project`);
  return value;
};

const run = async (url: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
};

const urlOf = (serverUrl: string, name: string): string => {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
};

/** A database of its own for one test file; `url` is a superuser's. `drop` also ends whatever is still connected. */
export const freshDatabase = async (how = ''): Promise<{ url: string; drop(): Promise<void> }> => {
  const serverUrl = fromEnvironment('LAPIDARY_TEST_POSTGRES_URL');
  const name = `test_${newId().toLowerCase()}`;
  await run(serverUrl, `create database ${name} ${how}`);
  return { url: urlOf(serverUrl, name), drop: () => run(serverUrl, `drop database if exists ${name} with (force)`) };
};

/** Any constant: of two workers that want a model, one makes it and the other waits. */
const modelLock = 0x6d6f_6465;

/** Makes the database `name` by `prepare`, once per run; a copy is only seen under its name when all of it is there. */
const ensureModel = async (name: string, prepare: (url: string) => Promise<void>): Promise<void> => {
  const serverUrl = fromEnvironment('LAPIDARY_TEST_POSTGRES_URL');
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    // Goes with the connection.
    await client.query('select pg_advisory_lock($1)', [modelLock]);
    if ((await client.query('select 1 from pg_database where datname = $1', [name])).rowCount === 1) return;
    await client.query(`drop database if exists ${name}_draft with (force)`);
    await client.query(`create database ${name}_draft`);
    await prepare(urlOf(serverUrl, `${name}_draft`));
    await client.query(`alter database ${name}_draft rename to ${name}`);
  } finally {
    await client.end();
  }
};

/**
 * A database of its own that begins as a copy of what `prepare` made of an empty one, and was left by; made once per run for all that ask
 * by this name. A copy of the files costs a tenth of what sixty migrations do.
 */
export const databaseLike = async (
  name: string,
  prepare: (url: string) => Promise<void>,
): Promise<{ url: string; drop(): Promise<void> }> => {
  await ensureModel(name, prepare);
  return await freshDatabase(`template ${name} strategy file_copy`);
};

/** A database as it was, kept beside it on its server. */
export interface DatabaseBackup {
  /** Puts it in the original's place, as often as it is asked; what was written since is gone, and whoever is connected is cut off. */
  restore(): Promise<void>;
  drop(): Promise<void>;
}

/**
 * A copy of a database's files: byte for byte what a snapshot has. Whoever is connected is cut off for the time of the copy. `serverUrl`: of a superuser,
 * in another database of the same server; the run's own server unless told.
 */
export const backUpDatabase = async (url: string, serverUrl = fromEnvironment('LAPIDARY_TEST_POSTGRES_URL')): Promise<DatabaseBackup> => {
  const { pathname, username } = new URL(url);
  const name = pathname.slice(1);
  const backup = `backup_${newId().toLowerCase()}`;
  await run(serverUrl, `alter database ${name} allow_connections false`);
  await run(serverUrl, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
  await run(serverUrl, `create database ${backup} template ${name} owner ${username}`);
  await run(serverUrl, `alter database ${name} allow_connections true`);
  return {
    restore: async () => {
      await run(serverUrl, `drop database if exists ${name} with (force)`);
      await run(serverUrl, `create database ${name} template ${backup} owner ${username}`);
    },
    drop: () => run(serverUrl, `drop database if exists ${backup} with (force)`),
  };
};

/** The run's NATS server with JetStream, open to everybody on this machine. Keep to subjects of a freshRegion(). */
export const testNats = (): { url: string } => ({ url: fromEnvironment('LAPIDARY_TEST_NATS_URL') });

/** Letters only: region names end in no digit run that could read as a stamp number. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz';
/** 26^9 names: no two tests of a run meet. */
const randomLetters = 9;

/** A region name nobody else uses, hence subjects and streams of one's own. */
export const freshRegion = (): string =>
  `t${Array.from({ length: randomLetters }, () => alphabet[Math.floor(Math.random() * alphabet.length)]).join('')}`;
