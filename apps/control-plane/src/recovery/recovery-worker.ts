import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Leader } from '@lapidary/db/leader';
import { inTransaction } from '@lapidary/db/transaction';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { keepRounds } from '@lapidary/kernel/rounds';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { isFenced } from '@lapidary/replication/recovery/recovery-states';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { adminName, ensureAdminToken } from '../auth/ensure-admin-token.js';
import { heldTokens } from '../auth/held-credentials.js';
import { CollectionTools } from '../collections/collection-tools.js';
import { readRecovery } from '../fence/recovery-rows.js';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { recoveryLock } from '../outbox/leader-locks.js';
import { CONFIG, NATS } from '../process/tokens.js';
import { ReplicationTools } from '../replication/replication-tools.js';
import { ReplicationWorker } from '../replication/replication-worker.js';
import { askAtStart } from './ask-at-start.js';
import type { RecoveryTools } from './reconcile-peer.js';
import { serveRecovery } from './serve-recovery.js';
import { stepRecovery } from './step-recovery.js';

/** A region whose peers answer is through within seconds; while it is sound this is one read of one row. */
const roundMs = 1_000;

/** Reconciles a restored region (on one replica at a time), and answers peers that were restored (on every replica). */
@Injectable()
export class RecoveryWorker implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly leader: Leader;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly database: BackgroundDatabase,
    private readonly clock: HybridLogicalClock,
    private readonly tools: ReplicationTools,
    private readonly replication: ReplicationWorker,
    private readonly collections: CollectionTools,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
  ) {
    this.leader = new Leader({
      url: config.LAPIDARY_DATABASE_URL,
      name: 'recovery',
      lockKey: recoveryLock,
      onError: (error) => tools.logger.warn({ err: error }, 'the keeper of recovery lost its database connection'),
      lead: async (signal) =>
        keepRounds(
          signal,
          roundMs,
          async () => this.round(),
          (error) => tools.logger.warn({ err: error }, 'this region could not be reconciled; trying again'),
        ),
    });
  }

  /** Before any worker starts, and before anybody is answered. */
  async onModuleInit(): Promise<void> {
    await askAtStart(this.recoveryTools);
  }

  onApplicationBootstrap(): void {
    const { LAPIDARY_REGION: region, LAPIDARY_BASE_DOMAIN: baseDomain, LAPIDARY_TOMBSTONE_DAYS: tombstoneDays } = this.config;
    const { dataSource } = this.database;
    const timer = setInterval(() => void this.observe(), roundMs);
    this.stops.push(...serveRecovery(this.nats, dataSource, region, peersOf(this.config), { baseDomain, tombstoneDays }), () =>
      clearInterval(timer),
    );
    this.leader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const stop of this.stops) stop();
    await this.leader.stop();
  }

  private get recoveryTools(): RecoveryTools {
    const { LAPIDARY_REGION: region, LAPIDARY_BASE_DOMAIN: baseDomain, LAPIDARY_TOMBSTONE_DAYS: tombstoneDays } = this.config;
    return {
      ...{ region, baseDomain, tombstoneDays, peers: peersOf(this.config) },
      ...{ dataSource: this.database.dataSource, clock: this.clock, apply: this.tools.apply, logger: this.tools.logger },
      linkTo: (peer) => this.replication.links.get(peer),
    };
  }

  /** As at a start: the file holds against what a restored database remembers. */
  private async readAdminToken(): Promise<void> {
    const { LAPIDARY_REGION: region, LAPIDARY_ADMIN_TOKEN_FILE: token } = this.config;
    await inTransaction(this.database.dataSource, async (tx) => ensureAdminToken(tx, region, token));
  }

  private async round(): Promise<void> {
    await stepRecovery(this.recoveryTools);
  }

  /** B6, in every process: its clock is ahead of all that was seen before the restore, and it writes under the epoch that holds. */
  private async observe(): Promise<void> {
    try {
      const { hlcFloor, state } = await readRecovery(this.database.dataSource);
      if (hlcFloor !== null) this.clock.observe(hlcFloor);
      await this.collections.followEpoch();
      if ((await heldTokens(this.database.dataSource)).includes(adminName)) await this.readAdminToken();
      this.tools.metrics.lapidary_recovery_fenced.set(isFenced(state) ? 1 : 0);
    } catch (error) {
      this.tools.logger.debug({ err: error }, 'how recovery stands is not known at the moment');
    }
  }
}
