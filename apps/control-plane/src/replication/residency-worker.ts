import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Leader } from '@lapidary/db/leader';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { keepRounds } from '@lapidary/kernel/rounds';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { residencyLock } from '../outbox/leader-locks.js';
import { CONFIG } from '../process/tokens.js';
import { stepRemovals } from './remove-documents.js';
import { ReplicationTools } from './replication-tools.js';
import { retellDocuments } from './retell-documents.js';

/** Peers acknowledge every second, and a removal waits for them. */
const roundMs = 1_000;

/** Documents leave where their tenant may not be any more (I3), and the home region tells them anew after that. */
@Injectable()
export class ResidencyWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly leader: Leader;

  constructor(
    private readonly database: BackgroundDatabase,
    private readonly clock: HybridLogicalClock,
    tools: ReplicationTools,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {
    this.leader = new Leader({
      url: config.LAPIDARY_DATABASE_URL,
      name: 'residency',
      lockKey: residencyLock,
      onError: (error) => tools.logger.warn({ err: error }, 'the keeper of residencies lost its database connection'),
      lead: async (signal) =>
        keepRounds(
          signal,
          roundMs,
          async () => this.round(),
          (error) => tools.logger.warn({ err: error }, 'documents of tenants that may not be here could not be removed; trying again'),
        ),
    });
  }

  onApplicationBootstrap(): void {
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.leader.stop();
  }

  private async round(): Promise<void> {
    await stepRemovals(this.database.dataSource, this.clock, peersOf(this.config));
    await retellDocuments(this.database.dataSource, this.clock);
  }
}
