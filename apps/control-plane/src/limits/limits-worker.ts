import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { LimitsRequestSchema, type LimitsAnswer } from '@lapidary/contracts/router-protocol';
import { routerLimits, routerLimitsChanged } from '@lapidary/contracts/subjects';
import { AppError } from '@lapidary/kernel/app-error';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, NATS } from '../process/tokens.js';
import { readLimits } from './limits-rows.js';

const responders = 'control-plane';

/** Answers the region's routers, which ask every few seconds, and tells them when asking is worth it now. */
@Injectable()
export class LimitsWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly region: string;
  private stop: () => void = () => undefined;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
  ) {
    this.region = config.LAPIDARY_REGION;
  }

  onApplicationBootstrap(): void {
    this.stop = this.nats.serveJson(routerLimits(this.region), LimitsRequestSchema, async ({ version }) => this.answer(version), {
      queue: responders,
    });
  }

  beforeApplicationShutdown(): void {
    this.stop();
  }

  /** Best effort: a router that doesn't hear it asks by itself. */
  tellRouters(version: number): void {
    if (this.nats.isConnected) this.nats.publishJson(routerLimitsChanged(this.region), { version });
  }

  own(region: string): void {
    if (region === this.region) return;
    throw new AppError('not_found', `This is region ${this.region}, and it has no link to a region ${region}`);
  }

  private async answer(held: number | null): Promise<LimitsAnswer> {
    const { version, document } = await readLimits(this.dataSource, this.region);
    return { version, document: version === held ? null : document };
  }
}
