import { newId } from '@lapidary/kernel/ids';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { PolicyMemory } from './across-workers/policy-memory.js';
import { sharedState } from './across-workers/policy-state.js';
import type { Door } from './doors/door.js';
import { HealthChecks } from './doors/health-checks.js';
import { LimitsSource } from './limits-source.js';
import { RouterPolicy } from './router-policy.js';
import { Gossip } from './shared-budget/gossip.js';

/** What the workers of one process have in common, and which of them this is. */
export interface SharedPolicy {
  readonly memory: PolicyMemory;
  readonly worker: number;
}

export interface PolicyPartOptions {
  readonly region: string;
  readonly router: string;
  readonly link: NatsLink;
  /** The directory's copy; that of the limits stands beside it. */
  readonly directoryFile: string;
  /** Whether the directory still has the stamp. */
  readonly hasStamp: (stamp: string) => boolean;
  /** Workers of this process that share the limits, ourselves included. */
  readonly siblings?: number;
  readonly shared?: SharedPolicy | undefined;
  readonly logger: Logger;
}

/** Idle tenants and stamps that are gone are forgotten at this interval: memory only. */
const tidyMs = 30_000;

/** The traffic policy of one process with everything that keeps it informed. */
export class PolicyPart {
  readonly policy: RouterPolicy;
  readonly limits: LimitsSource;
  private readonly checks: HealthChecks;
  private gossip: Gossip | null = null;
  private tidying: NodeJS.Timeout | null = null;

  constructor(private readonly options: PolicyPartOptions) {
    const { region, link, directoryFile, logger } = options;
    // Two processes with one id would take each other's reports for their own.
    const { shared } = options;
    const family = shared && `${options.router}/${shared.memory.family}/`;
    this.policy = new RouterPolicy({
      router: `${family ?? `${options.router}/`}${newId()}`,
      ...(shared ? { family, state: sharedState(shared.memory, shared.worker) } : {}),
    });
    this.checks = new HealthChecks(() => this.doors());
    const limitBy = this.policy.limitBy.bind(this.policy);
    this.limits = new LimitsSource({ region, link, file: `${directoryFile}.limits`, limitBy, logger });
  }

  async start(): Promise<void> {
    await this.limits.loadCopy();
    const { region, link, hasStamp } = this.options;
    const { budget } = this.policy;
    this.limits.start();
    this.gossip = new Gossip({ region, link, budget, siblings: this.options.siblings });
    this.checks.start();
    this.tidying = setInterval(() => this.policy.tidy({ has: hasStamp }, performance.now()), tidyMs);
  }

  /** Before the link is closed: the other routers take our part of the budget over at once. */
  async stop(): Promise<void> {
    if (this.tidying) clearInterval(this.tidying);
    this.checks.stop();
    this.gossip?.stop();
    await this.limits.stop();
  }

  private *doors(): Iterable<Door> {
    for (const { doors } of this.policy.stamps.values()) yield* doors.all;
  }
}
