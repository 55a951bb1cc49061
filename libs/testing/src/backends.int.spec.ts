import { connect } from 'node:net';
import { isRegionName } from '@lapidary/kernel/names';
import pg from 'pg';
import { databaseLike, freshDatabase, freshRegion, testNats } from './backends.js';

describe('test backends', () => {
  test('a fresh database is empty, writable and gone after drop, even while somebody is connected', async () => {
    const database = await freshDatabase();
    const client = new pg.Client({ connectionString: database.url });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('create table t (a int)');
    expect((await client.query('select count(*)::int as n from t')).rows).toEqual([{ n: 0 }]);
    await database.drop();
    await expect(client.query('select 1')).rejects.toThrow();
    await client.end().catch(() => undefined);
    const again = new pg.Client({ connectionString: database.url });
    await expect(again.connect()).rejects.toThrow(/does not exist/);
  });

  test('a model is made once for all who ask at the same time, again where it could not be made, and what is done to a copy is not in the next', async () => {
    const query = async (url: string, sql: string): Promise<unknown[]> => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query<Record<string, unknown>>(sql).finally(() => client.end());
      return rows;
    };
    let made = 0;
    const like = () =>
      databaseLike('model_of_a_test', async (url) => {
        await query(url, 'create table t (a int)');
        if (made++ === 0) throw new Error('half-way');
      });
    await expect(like()).rejects.toThrow('half-way');
    const copies = await Promise.all(Array.from({ length: 3 }, like));
    expect(made).toBe(2);
    await query(copies[0]!.url, 'insert into t values (1)');
    copies.push(await like());
    for (const { url } of copies.slice(1)) expect(await query(url, 'select a from t')).toEqual([]);
    expect(made).toBe(2);
    for (const { drop } of copies) await drop();
  });

  test('the NATS server has JetStream', async () => {
    const { hostname, port } = new URL(testNats().url);
    const info = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.once('data', (chunk) => {
        socket.destroy();
        resolve(chunk.toString());
      });
      socket.once('error', reject);
    });
    expect(JSON.parse(info.replace(/^INFO /, ''))).toMatchObject({ jetstream: true });
  });

  test('fresh regions are valid and differ', () => {
    const names = Array.from({ length: 100 }, freshRegion);
    expect(new Set(names).size).toBe(100);
    expect(names.every(isRegionName)).toBe(true);
  });
});
