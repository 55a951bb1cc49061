import { BudgetReportSchema } from '@lapidary/contracts/router-protocol';
import { routerBudget } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { budgetTickMs, type Budget } from './budget.js';

export interface GossipOptions {
  readonly region: string;
  readonly link: NatsLink;
  readonly budget: Budget;
}

/** Carries reports between the region's routers, over the region's NATS; lost ones are made up for by the next. */
export class Gossip {
  private readonly timer: NodeJS.Timeout;
  private readonly stopHearing: () => void;

  constructor(private readonly options: GossipOptions) {
    const { link, region, budget } = options;
    budget.begin();
    this.stopHearing = link.subscribeJson(routerBudget(region), BudgetReportSchema, (report) => budget.hear(report, performance.now()));
    this.timer = setInterval(() => this.tick(), budgetTickMs);
  }

  /** The others take our part over at once. */
  stop(): void {
    clearInterval(this.timer);
    this.stopHearing();
    const { link, region, budget } = this.options;
    if (!link.isConnected) return;
    link.publishJson(routerBudget(region), { router: budget.router, leaving: true, demand: { tenant: {}, stamp: {}, global: {} } });
  }

  private tick(): void {
    const { link, region, budget } = this.options;
    const report = budget.tick(link.isConnected, performance.now());
    if (report && link.isConnected) link.publishJson(routerBudget(region), report);
  }
}
