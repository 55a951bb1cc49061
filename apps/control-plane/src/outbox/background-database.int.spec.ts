import { freshDatabase } from '@lapidary/testing/backends';
import type { DataSource } from 'typeorm';
import { BackgroundDatabase } from './background-database.js';

/** More than there are connections of the background work. */
const sleepers = 12;
const sleepSeconds = 1.5;

const serverProcess = async (dataSource: DataSource): Promise<number> => {
  const [{ pid }] = (await dataSource.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
  return pid;
};

describe('the connections of the background work', () => {
  let url: string;
  let database: BackgroundDatabase;
  beforeAll(async () => {
    ({ url } = await freshDatabase());
  });
  afterEach(async () => database.onApplicationShutdown());

  it('leave what a link needs to itself: it takes in over the connection that it had, while all others are in use', async () => {
    database = await BackgroundDatabase.open(url, 'eu', ['us']);
    const before = await serverProcess(database.takingIn);
    let awake = 0;
    const busy = Array.from({ length: sleepers }, async () => {
      await database.dataSource.query('SELECT pg_sleep($1)', [sleepSeconds]);
      awake += 1;
    });
    expect(await serverProcess(database.takingIn)).toBe(before);
    expect(awake).toBe(0);
    await Promise.all(busy);
  });

  it('are one pool where there is nobody to take in from', async () => {
    database = await BackgroundDatabase.open(url, 'eu');
    expect(database.takingIn).toBe(database.dataSource);
  });
});
