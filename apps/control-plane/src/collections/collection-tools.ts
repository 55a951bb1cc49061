import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { actorOf } from '@lapidary/replication/automerge/document-actor';
import { DocumentWorker } from '@lapidary/replication/automerge/document-worker';
import type { Site } from '@lapidary/replication/collections/collection-store';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { maySpendRights, type RecoveryState } from '@lapidary/replication/recovery/recovery-states';
import { DataSource } from 'typeorm';
import { readOrigin } from '../outbox/outbox-rows.js';
import { CONFIG } from '../process/tokens.js';

/** What every write of a document needs to know of this region. */
@Injectable()
export class CollectionTools implements OnApplicationShutdown {
  private opened: Promise<Site> | undefined;
  private worker: DocumentWorker | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: HybridLogicalClock,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  /** Who writes here: under the epoch that a restored region has begun (`followEpoch`). */
  async site(): Promise<Site> {
    this.opened ??= this.open();
    return await this.opened;
  }

  /** Forgets the epoch that it wrote under where the region has begun another. */
  async followEpoch(): Promise<void> {
    const opened = await this.opened;
    if (opened && opened.epoch !== (await readOrigin(this.dataSource)).epoch) this.opened = undefined;
  }

  /**
   * In the transaction of a write: it holds only under the epoch that it was planned under, since a writer's numbers may be given out under
   * each epoch once (B2), and rights of counters are used only where every region was heard since a restore (B5).
   */
  async requireEpoch(tx: Reader, site: Site, usesRights: boolean): Promise<void> {
    const [row] = await rowsOf<{ epoch: number; state: RecoveryState }>(tx, 'SELECT o.epoch, r.state FROM origin o, recovery r');
    if (row!.epoch !== site.epoch) {
      this.opened = undefined;
      throw new AppError('region_restored', 'This region has begun a new epoch this moment; ask again', { retryAfterSeconds: 1 });
    }
    if (usesRights && !maySpendRights(row!.state))
      throw new AppError('region_restored', 'Rights are used when every region was heard since the restore', { retryAfterSeconds: 5 });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.worker?.close();
  }

  private async open(): Promise<Site> {
    const region = this.config.LAPIDARY_REGION;
    const { epoch } = await readOrigin(this.dataSource);
    await this.worker?.close();
    this.worker = new DocumentWorker(actorOf(region, epoch));
    return siteOf(region, epoch, this.clock, this.worker);
  }
}

export const siteOf = (region: string, epoch: number, clock: HybridLogicalClock, nested: Site['nested']): Site => ({
  region,
  epoch,
  nested,
  tick: tickOf(clock),
});

/** The next time of a clock, later than what it is told. */
export const tickOf =
  (clock: HybridLogicalClock): Site['tick'] =>
  (after) => {
    clock.observe(after);
    return clock.tick();
  };
