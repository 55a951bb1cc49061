import { createDataSource } from '@lapidary/db/data-source';
import { migrate } from '@lapidary/db/migrate';
import { databaseLike } from '@lapidary/testing/backends';
import { migrations } from '../src/migrations/all.js';

/** A control plane's database with all migrations and no rows, of its own for one test file. */
export const migratedDatabase = (): Promise<{ url: string; drop(): Promise<void> }> =>
  databaseLike('control_plane_model', async (url) => {
    const dataSource = await createDataSource({ url, applicationName: 'model', poolSize: 2, migrations }).initialize();
    await migrate(dataSource);
    await dataSource.destroy();
  });
