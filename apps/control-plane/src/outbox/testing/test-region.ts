import { createDataSource } from '@lapidary/db/data-source';
import { migrate } from '@lapidary/db/migrate';
import { inTransaction } from '@lapidary/db/transaction';
import { systemClock } from '@lapidary/kernel/clock';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import { NatsLink, type NatsLinkOptions } from '@lapidary/messaging/nats-link';
import { createLogger, type Logger } from '@lapidary/telemetry/logger';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import type { DataSource } from 'typeorm';
import type { StampView } from '@lapidary/contracts/api/stamps';
import { stampKey } from '@lapidary/contracts/directory';
import { systemContext } from '../../http/command-context.js';
import { migrations } from '../../migrations/all.js';
import { ensureOrigin } from '../../regions/ensure-origin.js';
import type { PeerSeals } from '../../signatures/peer-seals.js';
import { recordEvent } from '../record-event.js';
import { migratedDatabase } from '../../../test/migrated-database.js';

/** A region with a database of its own and subjects of its own on the run's NATS server. */
export interface TestRegion {
  readonly name: string;
  readonly url: string;
  readonly dataSource: DataSource;
  readonly nats: NatsLink;
  readonly clock: HybridLogicalClock;
  readonly logger: Logger;
  /** Its keys, and by which it believes others; none: it signs nothing and believes all. Other ones hold from the next message on. */
  seals?: PeerSeals;
  close(): Promise<void>;
}

/** Of the run's server unless told otherwise; an empty one is brought up to date. */
interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export const testLogger = createLogger('test', process.env['LAPIDARY_TEST_LOG'] ?? 'silent');

export const testLink = async (url: string, name: string, sealOf?: NatsLinkOptions['sealOf']): Promise<NatsLink> => {
  const link = new NatsLink({ url, name, logger: testLogger, sealOf });
  await waitFor('NATS', () => (link.isConnected ? true : undefined), { timeoutMs: 30_000, intervalMs: 10 });
  return link;
};

export const openTestRegion = async (
  options: {
    readonly name?: string;
    readonly peers?: readonly string[];
    readonly natsUrl?: string;
    readonly seals?: PeerSeals;
    readonly database?: TestDatabase;
  } = {},
): Promise<TestRegion> => {
  const name = options.name ?? freshRegion();
  const database = options.database ?? (await migratedDatabase());
  const dataSource = createDataSource({ url: database.url, applicationName: `test:${name}`, poolSize: 24, migrations });
  await dataSource.initialize();
  await migrate(dataSource);
  await inTransaction(dataSource, async (tx) => ensureOrigin(tx, name));
  for (const known of [name, ...(options.peers ?? [])]) {
    await dataSource.query(`INSERT INTO region VALUES ($1, $1, $1, 0, 0, 'none')`, [known]);
  }
  const nats = await testLink(options.natsUrl ?? testNats().url, `test:${name}`, (subject) => region.seals?.forSubject(subject));
  const region: TestRegion = {
    name,
    url: database.url,
    dataSource,
    nats,
    clock: new HybridLogicalClock(name, systemClock),
    logger: testLogger,
    seals: options.seals,
    close: async () => {
      await nats.close();
      await dataSource.destroy();
      await database.drop();
    },
  };
  return region;
};

/** A stamp as its events carry it. */
export const stampOf = (region: string, index: number, version = 1): StampView => ({
  name: `${region}-${index}`,
  region,
  status: 'active',
  cordoned: false,
  cordonReason: null,
  health: 'healthy',
  lastHeartbeatAt: null,
  ring: 'broad',
  profile: 'small',
  isolation: 'pooled',
  driver: 'local',
  templateVersion: '1',
  workloadVersion: '1',
  capacity: { units: 1_000 },
  used: { units: 0 },
  reserved: { units: 0 },
  tenants: 0,
  epoch: 1,
  frontDoors: ['http://127.0.0.1:1'],
  labels: {},
  specDigest: null,
  version,
  createdAt: '2025-01-01T00:00:00.000Z',
  updatedAt: '2025-01-01T00:00:00.000Z',
});

/** Writes one event about a stamp, in a transaction of its own. */
export const tellOfStamp = async (region: TestRegion, index: number, version = 1): Promise<void> => {
  await inTransaction(region.dataSource, async (tx) => {
    await recordEvent(
      tx,
      systemContext(region.name, 'test', newId()),
      region.clock,
      'lapidary.stamp.updated.v1',
      stampKey(`${region.name}-${index}`),
      {
        stamp: stampOf(region.name, index, version),
      },
    );
  });
};
