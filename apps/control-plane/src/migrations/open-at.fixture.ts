import { createDataSource } from '@lapidary/db/data-source';
import { migrate } from '@lapidary/db/migrate';
import { freshDatabase } from '@lapidary/testing/backends';
import type { DataSource } from 'typeorm';
import type { migrations } from './all.js';

let database: Awaited<ReturnType<typeof freshDatabase>>;

/** A database of its own for each test of the file. */
export const useDatabase = (): void => {
  beforeEach(async () => (database = await freshDatabase()));
  afterEach(async () => database.drop());
};

/** The database with these migrations done, and those that it had; whoever opens it destroys it. */
export const openAt = async (which: typeof migrations): Promise<DataSource> => {
  const source = createDataSource({ url: database.url, applicationName: 'test', poolSize: 2, migrations: which });
  await source.initialize();
  await migrate(source);
  return source;
};
