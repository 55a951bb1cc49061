import path from 'node:path';
import { ensureBuilt } from './ensure/state.mjs';

/** Before the integration tests: one PostgreSQL and one NATS server for the whole run, their addresses in the environment of the workers. */
export default async () => {
  const root = path.dirname(import.meta.dirname);
  // A single test file may be run without `npm test`, so the little that is needed is built here.
  await ensureBuilt({ root, only: ['libs/kernel', 'libs/contracts', 'libs/config', 'tools'] });
  const { startTestBackends } = await import('./dist/local/test-backends.js');
  const backends = await startTestBackends(root);
  process.env['LAPIDARY_TEST_POSTGRES_URL'] = backends.postgresUrl;
  process.env['LAPIDARY_TEST_NATS_URL'] = backends.natsUrl;
  globalThis.lapidaryTestBackends = backends;
};
