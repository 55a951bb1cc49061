import { waitFor } from '@lapidary/kernel/wait-for';
import { freshDatabase } from '@lapidary/testing/backends';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { createDataSource } from './data-source.js';

const atOnce = 4;
const kept = 2;
const idleMs = 20;

const poolOf = (source: DataSource): pg.Pool => (source.driver as unknown as { readonly master: pg.Pool }).master;

/** Who served so many statements that were sent at once. */
const backends = async (source: DataSource, count: number): Promise<number[]> =>
  await Promise.all(
    Array.from({ length: count }, async () => {
      const [row] = (await source.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
      return row.pid;
    }),
  );

test('connections that are kept open outlast the time in which nobody needs them, and serve again; the others end', async () => {
  const database = await freshDatabase();
  const open = async (keptOpen: number): Promise<DataSource> => {
    const source = await createDataSource({ url: database.url, applicationName: 'test', poolSize: atOnce, keptOpen }).initialize();
    poolOf(source).options.idleTimeoutMillis = idleMs;
    return source;
  };
  const [source, later] = [await open(kept), await open(0)];
  try {
    const first = await backends(source, atOnce);
    expect(new Set(first).size).toBe(atOnce);
    await backends(later, atOnce);
    // Idle later than all of the first: once these are gone, it was time for those, too.
    await waitFor('the later ones to end', () => poolOf(later).totalCount === 0 || undefined, { timeoutMs: 60_000 });
    expect(poolOf(source).totalCount).toBe(kept);
    const again = await backends(source, kept);
    expect(new Set(again).size).toBe(kept);
    expect(first).toEqual(expect.arrayContaining(again));
  } finally {
    await source.destroy();
    await later.destroy();
    await database.drop();
  }
});
