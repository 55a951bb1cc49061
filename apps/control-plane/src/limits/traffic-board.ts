import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { TrafficSummarySchema, type TrafficSummary } from '@lapidary/contracts/api/traffic';
import { routerTraffic } from '@lapidary/contracts/subjects';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { HeardRouters } from '../directory/heard-routers.js';
import { CONFIG, NATS } from '../process/tokens.js';

/** Five reports that stayed out: the router is gone, or cut off. */
const staleMs = 10_000;

/** The last figures of each router of the region. */
@Injectable()
export class TrafficBoard implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly heard = new HeardRouters<TrafficSummary>(staleMs);
  private stop: () => void = () => undefined;

  constructor(
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
  ) {}

  onApplicationBootstrap(): void {
    this.stop = this.nats.subscribeJson(routerTraffic(this.config.LAPIDARY_REGION), TrafficSummarySchema, (summary) => {
      this.heard.hear(summary.router, summary);
    });
  }

  beforeApplicationShutdown(): void {
    this.stop();
  }

  read(nowMs: number = Date.now()): TrafficSummary[] {
    return this.heard.live(nowMs).map(([, summary]) => summary);
  }
}
