import { BroadcastChannel } from 'node:worker_threads';
import { BudgetReportSchema, type BudgetReport } from '@lapidary/contracts/router-protocol';
import { routerBudget } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { budgetTickMs, type Budget } from './budget.js';

export interface GossipOptions {
  readonly region: string;
  readonly link: NatsLink;
  readonly budget: Budget;
  /** Workers of this process that share the budget, ourselves included; 1 where it has none. */
  readonly siblings?: number | undefined;
}

/** Threads of one process hear each other on this, with or without NATS. */
const nearChannel = (region: string): string => `lapidary.budget.${region}`;

/**
 * Carries reports between the region's routers, over the region's NATS, and between the workers of one, which are routers of their own
 * here. Lost ones are made up for by the next.
 */
export class Gossip {
  private readonly timer: NodeJS.Timeout;
  private readonly stopHearing: () => void;
  private readonly near: BroadcastChannel | null;
  private last: BudgetReport;

  constructor(private readonly options: GossipOptions) {
    const { link, region, budget, siblings = 1 } = options;
    budget.begin(siblings);
    this.near = siblings > 1 ? new BroadcastChannel(nearChannel(region)) : null;
    this.stopHearing = link.subscribeJson(routerBudget(region), BudgetReportSchema, (report) => budget.hear(report, performance.now()));
    this.last = { router: budget.router, leaving: false, demand: { tenant: {}, stamp: {}, global: {} } };
    if (this.near) this.near.onmessage = (event) => budget.hear((event as { data: BudgetReport }).data, performance.now());
    this.near?.unref();
    this.timer = setInterval(() => this.tick(), budgetTickMs);
  }

  /** The others take our part over at once. */
  stop(): void {
    clearInterval(this.timer);
    this.stopHearing();
    this.tell({ ...this.last, leaving: true });
    this.near?.close();
  }

  private tick(): void {
    const { link, budget } = this.options;
    // Cut off from NATS, siblings are told again what they know: it holds as long as the share that follows from it.
    this.last = budget.tick(link.isConnected, performance.now()) ?? this.last;
    this.tell(this.last);
  }

  private tell(report: BudgetReport): void {
    const { link, region } = this.options;
    this.near?.postMessage(report);
    if (link.isConnected) link.publishJson(routerBudget(region), report);
  }
}
