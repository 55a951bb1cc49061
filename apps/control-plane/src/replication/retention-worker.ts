import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Leader } from '@lapidary/db/leader';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { keepRounds } from '@lapidary/kernel/rounds';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { dropGraves, forgetGraves, pruneHistory } from '../collections/forget-graves.js';
import { commitHistories, proposeHistories, type HistoryTools } from '../collections/renew-histories.js';
import { declareKnowledge, purgeTombstones, regionsHoldingBack, type RetentionTools } from '../collections/purge-tombstones.js';
import { retellPurges } from '../collections/retell-purges.js';
import { pruneKeys } from '../http/prune-keys.js';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { retentionLock } from '../outbox/leader-locks.js';
import { CONFIG } from '../process/tokens.js';
import { pruneLedger, pruneSettledLetters } from './prune-ledger.js';
import { dropRemovedFields, noteRemovedFields } from './drop-fields.js';
import { ReplicationTools } from './replication-tools.js';

/** Retention counts in days; an event every ten minutes is nothing beside what regions tell each other. */
const roundMs = 600_000;
/** No transaction of this process is open for so long. */
const openTransactionMs = 600_000;

/** Deletes, history, the ledger and answers to repeats are kept for as long as is written down (LAPIDARY_TOMBSTONE_DAYS, _HISTORY_DAYS, _LEDGER_DAYS, _IDEMPOTENCY_DAYS), and then go. */
@Injectable()
export class RetentionWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly leader: Leader;

  constructor(
    private readonly database: BackgroundDatabase,
    private readonly clock: HybridLogicalClock,
    private readonly tools: ReplicationTools,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {
    this.leader = new Leader({
      url: config.LAPIDARY_DATABASE_URL,
      name: 'retention',
      lockKey: retentionLock,
      onError: (error) => tools.logger.warn({ err: error }, 'the keeper of retention lost its database connection'),
      lead: async (signal) =>
        keepRounds(
          signal,
          roundMs,
          async () => this.round(),
          (error) => tools.logger.warn({ err: error }, 'what is past its retention could not be purged; trying again later'),
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
    const { LAPIDARY_REGION: region, LAPIDARY_TOMBSTONE_DAYS: days } = this.config;
    const { LAPIDARY_HISTORY_DAYS: historyDays, LAPIDARY_LEDGER_DAYS: ledgerDays, LAPIDARY_IDEMPOTENCY_DAYS: keyDays } = this.config;
    const { dataSource } = this.database;
    const peers = peersOf(this.config);
    const retention: RetentionTools = { region, peers, dataSource, clock: this.clock };
    await declareKnowledge(retention);
    const waiting = await regionsHoldingBack(dataSource, peers);
    for (const peer of peers) this.tools.metrics.lapidary_retention_held_back.set({ peer }, waiting.has(peer) ? 1 : 0);
    if (waiting.size > 0) this.tools.logger.warn({ regions: [...waiting.keys()] }, 'nothing is purged until these regions are heard');
    const purged = await purgeTombstones(retention, days, openTransactionMs);
    const retold = await retellPurges(retention);
    const forgotten = await forgetGraves(retention);
    const fields = await dropRemovedFields(retention);
    const noted = await noteRemovedFields(retention);
    const dropped = await dropGraves(dataSource, days);
    const history = await pruneHistory(dataSource, historyDays);
    const [ledger, letters] = [await pruneLedger(dataSource, ledgerDays), await pruneSettledLetters(dataSource, ledgerDays)];
    const keys = await pruneKeys(dataSource, keyDays);
    await this.renewHistories({ ...retention, nested: await this.tools.apply.collections.nested() });
    if (purged + retold + forgotten + fields + noted + dropped + history + ledger + letters + keys > 0)
      this.tools.logger.info(
        { purged, retold, forgotten, fields, noted, dropped, history, ledger, letters, keys },
        'what is past its retention was purged',
      );
  }

  private async renewHistories(tools: HistoryTools): Promise<void> {
    const committed = await commitHistories(tools);
    const proposed = await proposeHistories(tools);
    this.tools.collections.lapidary_collection_histories_total.inc({ step: 'proposed' }, proposed);
    this.tools.collections.lapidary_collection_histories_total.inc({ step: 'committed' }, committed);
    if (committed + proposed > 0) this.tools.logger.info({ proposed, committed }, 'histories of nested documents begin anew');
  }
}
