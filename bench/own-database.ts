import { createDataSource } from '@lapidary/db/data-source';
import { migrate } from '@lapidary/db/migrate';
import { migrations } from '@lapidary/control-plane/migrations/all';
import { freshDatabase } from '@lapidary/testing/backends';
import { startTestBackends } from '@lapidary/tools/local/test-backends';
import { root } from './own-fleet.ts';

export type OwnDatabase = ReturnType<typeof createDataSource>;

/** Lends a control plane's database, empty, on a PostgreSQL of the benchmark's own, and a NATS server beside it; both end with `work`. */
export const withOwnDatabase = async (work: (dataSource: OwnDatabase, natsUrl: string) => Promise<void>): Promise<void> => {
  const backends = await startTestBackends(root);
  try {
    process.env['LAPIDARY_TEST_POSTGRES_URL'] = backends.postgresUrl;
    const { url } = await freshDatabase();
    const dataSource = createDataSource({ url, applicationName: 'bench', poolSize: 8, migrations });
    await dataSource.initialize();
    await migrate(dataSource);
    await work(dataSource, backends.natsUrl);
    await dataSource.destroy();
  } finally {
    await backends.stop();
  }
};
