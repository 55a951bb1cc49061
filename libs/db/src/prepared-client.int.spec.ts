import { waitFor } from '@lapidary/kernel/wait-for';
import { freshDatabase } from '@lapidary/testing/backends';
import type pg from 'pg';
import { createDataSource } from './data-source.js';
import { PreparedClient } from './prepared-client.js';
import { sqlStateOf } from './transaction.js';

test('a parameterised statement is planned once per connection, answers as before, and keeps its errors', async () => {
  const database = await freshDatabase();
  const source = await createDataSource({ url: database.url, applicationName: 'test', poolSize: 1 }).initialize();
  try {
    await source.query('CREATE TABLE thing (id int PRIMARY KEY, name text)');
    for (let i = 0; i < 10; i++) await source.query('INSERT INTO thing (id, name) VALUES ($1, $2)', [i, `n${i}`]);
    expect(await source.query('SELECT name FROM thing WHERE id = $1', [7])).toEqual([{ name: 'n7' }]);
    expect(await source.query('SELECT count(*)::int AS n FROM thing')).toEqual([{ n: 10 }]);
    await expect(source.query('INSERT INTO thing (id, name) VALUES ($1, $2)', [7, 'again'])).rejects.toThrow(/duplicate key/);
    const [{ n }] = (await source.query(
      `SELECT count(*)::int AS n FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO thing%'`,
    )) as [{ n: number }];
    expect(n).toBe(1);
  } finally {
    await source.destroy();
    await database.drop();
  }
});

test('a connection that is cut while nobody listens to it ends by itself, and the process goes on', async () => {
  const database = await freshDatabase();
  const [cut, other] = [new PreparedClient({ connectionString: database.url }), new PreparedClient({ connectionString: database.url })];
  try {
    await Promise.all([cut.connect(), other.connect()]);
    const ended = new Promise<void>((resolve) => void cut.once('end', resolve));
    const asked = (cut as pg.Client).query('SELECT pg_sleep(60)').catch((error: unknown) => sqlStateOf(error));
    await waitFor(
      'it to sleep',
      async () => {
        const { rows } = await (other as pg.Client).query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep%'`,
        );
        return rows[0];
      },
      { timeoutMs: 60_000 },
    );
    expect(await asked).toBe('57P01');
    await ended;
  } finally {
    await other.end();
    await database.drop();
  }
});

test('a data source whose connections are cut while it opens is told so, or opens: no process ends for it', async () => {
  const database = await freshDatabase();
  const killer = new PreparedClient({ connectionString: database.url });
  await killer.connect();
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('uncaughtException', note);
  try {
    for (let i = 0; i < 10; i++) {
      const source = createDataSource({ url: database.url, applicationName: 'test', poolSize: 1 });
      const opened = source.initialize().then(
        async () => source.destroy(),
        () => undefined,
      );
      let done = false;
      void opened.then(() => (done = true));
      while (!done)
        await (killer as pg.Client).query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
      await opened;
    }
  } finally {
    process.off('uncaughtException', note);
    await killer.end();
    await database.drop();
  }
  expect(uncaught).toEqual([]);
});
