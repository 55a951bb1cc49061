import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Leader } from '@lapidary/db/leader';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { keepRounds } from '@lapidary/kernel/rounds';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { lookAgain, type LookTools } from '../collections/look-again.js';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { looksLock } from '../outbox/leader-locks.js';
import { CONFIG } from '../process/tokens.js';
import { ReplicationTools } from './replication-tools.js';

/** Whoever has changed a policy looks at what came of it soon. */
const roundMs = 1_000;

/** Numbers and ledger follow the rules of a collection, also where another region has changed them. */
@Injectable()
export class LookWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly leader: Leader;

  constructor(
    database: BackgroundDatabase,
    clock: HybridLogicalClock,
    { logger, apply }: ReplicationTools,
    @Inject(CONFIG) { LAPIDARY_REGION: region, LAPIDARY_DATABASE_URL: url }: ControlPlaneConfig,
  ) {
    const { onLosses } = apply.collections;
    const onUnreadable = (documents: readonly string[]): void =>
      logger.warn(
        { documents: documents.slice(0, 10), count: documents.length },
        'documents can’t be read, and keep the conflicts they had',
      );
    const onFailure = (error: unknown): void =>
      logger.warn({ err: error }, 'documents of a collection whose rules have changed could not be looked at; trying again');
    const round = async (signal: AbortSignal): Promise<void> => {
      const tools: LookTools = { region, dataSource: database.dataSource, clock, onLosses, onUnreadable };
      const documents = await lookAgain(tools, signal);
      if (documents > 0) logger.info({ documents }, 'conflicts were looked at again by the rules of now');
    };
    this.leader = new Leader({
      url,
      name: 'looks',
      lockKey: looksLock,
      onError: (error) => logger.warn({ err: error }, 'who looks at conflicts again lost its database connection'),
      lead: async (signal) => keepRounds(signal, roundMs, async () => round(signal), onFailure),
    });
  }

  onApplicationBootstrap(): void {
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.leader.stop();
  }
}
