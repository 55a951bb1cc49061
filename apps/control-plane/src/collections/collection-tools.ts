import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { actorOf } from '@lapidary/replication/automerge/document-actor';
import { DocumentWorker } from '@lapidary/replication/automerge/document-worker';
import type { Site } from '@lapidary/replication/collections/collection-store';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
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

  /** The epoch of the database does not change while a process runs: a restore needs it stopped. */
  async site(): Promise<Site> {
    this.opened ??= this.open();
    return await this.opened;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.worker?.close();
  }

  private async open(): Promise<Site> {
    const region = this.config.LAPIDARY_REGION;
    const { epoch } = await readOrigin(this.dataSource);
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
