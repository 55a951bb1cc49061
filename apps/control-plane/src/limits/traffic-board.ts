import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { TrafficSummarySchema, type TrafficSummary } from '@lapidary/contracts/api/traffic';
import { routerTraffic } from '@lapidary/contracts/subjects';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, NATS } from '../process/tokens.js';

/** Five reports that stayed out: the router is gone, or cut off. */
const staleMs = 10_000;

/** The last figures of each router of the region, in memory: any replica hears them all. */
@Injectable()
export class TrafficBoard implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly heard = new Map<string, { readonly summary: TrafficSummary; readonly atMs: number }>();
  private stop: () => void = () => undefined;

  constructor(
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
  ) {}

  onApplicationBootstrap(): void {
    this.stop = this.nats.subscribeJson(routerTraffic(this.config.LAPIDARY_REGION), TrafficSummarySchema, (summary) => {
      this.heard.set(summary.router, { summary, atMs: Date.now() });
    });
  }

  beforeApplicationShutdown(): void {
    this.stop();
  }

  read(nowMs: number = Date.now()): TrafficSummary[] {
    for (const [router, { atMs }] of this.heard) if (nowMs - atMs > staleMs) this.heard.delete(router);
    return [...this.heard.values()].map(({ summary }) => summary);
  }
}
