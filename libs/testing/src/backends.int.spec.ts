import { connect } from 'node:net';
import { isRegionName } from '@lapidary/kernel/names';
import pg from 'pg';
import { freshDatabase, freshRegion, testNats } from './backends.js';

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
