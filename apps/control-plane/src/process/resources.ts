import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { createDataSource } from '@lapidary/db/data-source';
import { systemClock } from '@lapidary/kernel/clock';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { createLogger, type Logger } from '@lapidary/telemetry/logger';
import type { DataSource } from 'typeorm';
import { migrations } from '../migrations/all.js';
import { PeerSeals } from '../signatures/peer-seals.js';
import { DatabaseTrouble } from './database-trouble.js';
import { createControlPlaneMetrics, type ControlPlaneMetrics } from './metrics.js';

/** What a process opens before Nest starts and closes after Nest has ended. Tests open the same. */
export interface ProcessResources {
  readonly config: ControlPlaneConfig;
  readonly logger: Logger;
  readonly metrics: ControlPlaneMetrics;
  readonly dataSource: DataSource;
  readonly databaseTrouble: DatabaseTrouble;
  readonly clock: HybridLogicalClock;
  readonly nats: NatsLink;
  /** For what is published into streams (tokens.ts). */
  readonly natsStreams: NatsLink;
  readonly seals: PeerSeals;
}

/** Makes the parts. The NATS link connects by itself for as long as it lives; `bringUp` connects the database. */
export const createResources = (config: ControlPlaneConfig, options: { processMetrics: boolean }): ProcessResources => {
  const logger = createLogger('control-plane', config.LAPIDARY_LOG_LEVEL, { region: config.LAPIDARY_REGION });
  const seals = new PeerSeals(config);
  const metrics = createControlPlaneMetrics(options);
  const databaseTrouble = new DatabaseTrouble();
  const linkNamed = (name: string): NatsLink =>
    new NatsLink({
      url: config.LAPIDARY_NATS_URL,
      user: config.LAPIDARY_NATS_USER,
      password: config.LAPIDARY_NATS_PASSWORD,
      name,
      logger: logger.child({ part: 'nats' }),
      sealOf: (subject) => seals.forSubject(subject),
      onRefused: (subject, why) => metrics.lapidary_nats_refused_total.inc({ subject, why }),
    });
  return {
    config,
    seals,
    databaseTrouble,
    logger,
    metrics,
    dataSource: createDataSource({
      url: config.LAPIDARY_DATABASE_URL,
      applicationName: `control-plane:${config.LAPIDARY_REGION}`,
      poolSize: config.LAPIDARY_DATABASE_POOL,
      migrations,
      onRefusal: (because) => databaseTrouble.note(because),
    }),
    clock: new HybridLogicalClock(config.LAPIDARY_REGION, systemClock),
    nats: linkNamed(`control-plane:${config.LAPIDARY_REGION}`),
    natsStreams: linkNamed(`control-plane:${config.LAPIDARY_REGION}:streams`),
  };
};
