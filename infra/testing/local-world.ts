import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import type { ProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { freshDatabase } from '@lapidary/testing/backends';
import { ensureInfraBuilt } from './ensure-built.js';
import { lookAround, queryRows } from './leftovers.js';
import { euFacts, specOf } from './specs.js';
import { installStandIns, TinySupervisor } from './tiny-supervisor.js';
import { scratchFolder } from './scratch.js';

export const natsPassword = 'a-nats-password-of-agents';
/** What the template runs; here stand-ins. */
export const localScripts = ['apps/storefront/dist/main.js', 'apps/stamp-agent/dist/main.js'] as const;

export interface LocalWorld {
  readonly home: string;
  /** Unique per run: databases and roles belong to the whole server. */
  readonly region: string;
  readonly adminUrl: string;
  readonly supervisor: TinySupervisor;
  runOf(operation: ProvisionRun['operation'], stamp: string, overrides?: Partial<ProvisionRun['spec']>): ProvisionRun;
  leftovers(): ReturnType<typeof lookAround>;
  sql<Row extends pg.QueryResultRow>(text: string, url?: string): Promise<Row[]>;
  close(): Promise<void>;
}

/** Everything that the local driver works with: a real PostgreSQL, a supervisor with real processes, built code for the children. */
export const openLocalWorld = async (): Promise<LocalWorld> => {
  await ensureInfraBuilt();
  const home = await scratchFolder('local');
  await writeFile(join(home, 'passphrase'), 'a passphrase for tests');
  await mkdir(join(home, 'processes'));
  await installStandIns(join(home, 'root'), localScripts);
  const admin = await freshDatabase();
  const supervisor = new TinySupervisor(join(home, 'processes'), join(home, 'root'));
  const region = `t${Math.random()
    .toString(36)
    .replace(/[^a-z]/g, '')
    .slice(0, 8)}x`;
  const place = { home, region, adminUrl: admin.url };
  return {
    ...place,
    supervisor,
    runOf: (operation, stamp, overrides = {}) => localRun(place, operation, stamp, overrides),
    leftovers: () => lookAround({ ...place, processes: supervisor.names() }),
    sql: (text, url = admin.url) => queryRows(url, text),
    close: async () => {
      await supervisor.stop();
      await admin.drop();
      await rm(home, { recursive: true, force: true });
    },
  };
};

const localRun = (
  { home, region, adminUrl }: Pick<LocalWorld, 'home' | 'region' | 'adminUrl'>,
  operation: ProvisionRun['operation'],
  stamp: string,
  overrides: Partial<ProvisionRun['spec']>,
): ProvisionRun => ({
  operation,
  spec: specOf({ name: stamp as never, region: region as never, driver: 'local', workload: { version: '1' }, ...overrides }),
  regionFacts: euFacts,
  engine: 'embedded',
  stateDir: join(home, 'state'),
  passphraseFile: join(home, 'passphrase'),
  local: {
    postgresAdminUrl: adminUrl,
    natsUrl: 'nats://127.0.0.1:4222',
    natsUser: 'agents',
    natsPassword,
    processDir: join(home, 'processes'),
    rootDir: join(home, 'root'),
  },
});
