import { freshDatabase } from '@lapidary/testing/backends';
import { createDataSource } from './data-source.js';

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
