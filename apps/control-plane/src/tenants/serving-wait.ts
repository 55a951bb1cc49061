import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { Listener } from '@lapidary/db/listener';
import type { Logger } from '@lapidary/telemetry/logger';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, LOGGER } from '../process/tokens.js';
import { servingChannel } from './serving-channel.js';
import { viewTenant } from './view-tenant.js';

/** A notification may get lost with its connection; then this is how much later the caller learns. */
const lookAgainMs = 1_000;

/** `?wait=` on creation: one LISTEN connection for all requests that wait. */
@Injectable()
export class ServingWait implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly waiting = new Map<string, Set<() => void>>();
  private readonly stopping = new AbortController();
  private readonly listener: Listener;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.listener = new Listener({
      url: config.LAPIDARY_DATABASE_URL,
      applicationName: `serving-wait:${config.LAPIDARY_REGION}`,
      channels: [servingChannel],
      onNotify: (_channel, tenant) => this.wake(tenant),
      onConnect: () => [...this.waiting.keys()].forEach((tenant) => this.wake(tenant)),
      onError: (error) => logger.warn({ err: error }, 'the listener for serving tenants lost its connection'),
    });
  }

  onApplicationBootstrap(): void {
    this.listener.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    for (const tenant of [...this.waiting.keys()]) this.wake(tenant);
    await this.listener.stop();
  }

  /** The tenant once its stamp serves it, or as it is after `waitMs`; the body tells which by `placement.servingAt`. */
  async until(tenant: string, waitMs: number, gone: AbortSignal): Promise<TenantView> {
    const deadline = Date.now() + waitMs;
    for (;;) {
      const woken = this.nextWake(tenant, Math.min(lookAgainMs, Math.max(0, deadline - Date.now())));
      const view = await viewTenant(this.dataSource, tenant, this.config.LAPIDARY_BASE_DOMAIN);
      const isOver = (view.placement?.servingAt ?? null) !== null || view.status === 'deleted' || Date.now() >= deadline;
      if (isOver || gone.aborted || this.stopping.signal.aborted) {
        this.wake(tenant);
        return view;
      }
      await woken;
    }
  }

  /** Listens from now on, so that nothing is missed between the look and the wait. */
  private async nextWake(tenant: string, ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const callbacks = this.waiting.get(tenant) ?? new Set();
      const done = (): void => {
        clearTimeout(timer);
        callbacks.delete(done);
        if (callbacks.size === 0) this.waiting.delete(tenant);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.waiting.set(tenant, callbacks.add(done));
    });
  }

  private wake(tenant: string): void {
    for (const done of [...(this.waiting.get(tenant) ?? [])]) done();
  }
}
