import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CommandRunner } from '../http/command-runner.js';
import { ReplicationStatus } from '../regions/replication-status.js';
import { PeerSeals } from '../signatures/peer-seals.js';
import { DatabaseTrouble } from './database-trouble.js';
import { Readiness } from './readiness.js';
import type { ProcessResources } from './resources.js';
import { CONFIG, LOGGER, METRICS, NATS, NATS_STREAMS } from './tokens.js';

/**
 * What every feature may inject without importing a module: CONFIG, LOGGER, METRICS, NATS, NATS_STREAMS (by token), PeerSeals, DataSource, DatabaseTrouble,
 * HybridLogicalClock, CommandRunner, Readiness, ReplicationStatus (by class). Before Nest creates anything, the
 * DataSource is initialised and migrated, and the `origin` row and the regions are there; the NATS link connects by
 * itself and may still be away at `onApplicationBootstrap`. Workers start in `onApplicationBootstrap` and stop in
 * `beforeApplicationShutdown` (HTTP has stopped by then; pools and NATS close after it).
 */
@Module({})
export class ProcessModule {
  static of(resources: ProcessResources): DynamicModule {
    const { config, logger, metrics, dataSource, clock, nats, natsStreams, seals, databaseTrouble } = resources;
    return {
      module: ProcessModule,
      global: true,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
        { provide: METRICS, useValue: metrics },
        { provide: NATS, useValue: nats },
        { provide: NATS_STREAMS, useValue: natsStreams },
        { provide: PeerSeals, useValue: seals },
        { provide: DataSource, useValue: dataSource },
        { provide: HybridLogicalClock, useValue: clock },
        { provide: DatabaseTrouble, useValue: databaseTrouble },
        { provide: Readiness, useValue: new Readiness() },
        { provide: ReplicationStatus, useValue: new ReplicationStatus() },
        CommandRunner,
      ],
      exports: [
        CONFIG,
        LOGGER,
        METRICS,
        NATS,
        NATS_STREAMS,
        PeerSeals,
        DataSource,
        DatabaseTrouble,
        HybridLogicalClock,
        Readiness,
        ReplicationStatus,
        CommandRunner,
      ],
    };
  }
}
