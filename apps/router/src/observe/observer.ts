import type { RouterMetrics } from '../metrics.js';
import type { AccessLog } from './access-log.js';
import type { Described, Ended, Whose } from './ended-request.js';
import { LatencyBudget } from './latency-budget.js';
import { Traces } from './traces.js';
import { endingOf, TrafficFigures } from './traffic-figures.js';

/** Everything that watches requests (P-LB4). Costs about a microsecond; nothing is written here. */
export class Observer {
  readonly figures = new TrafficFigures();
  readonly budget = new LatencyBudget();

  constructor(
    private readonly metrics: RouterMetrics,
    private readonly accessLog: AccessLog | null = null,
    readonly traces = new Traces(),
  ) {}

  ended(described: Described, { tenant, stamp }: Whose, ended: Ended, nowMs: number): void {
    const { outcome, status, tookMs, waitedMs, stampMs } = ended;
    this.metrics.tallies.requests.add(outcome);
    const ending = endingOf(outcome, status);
    if (tenant !== null && stamp !== null) {
      this.figures.ended(tenant, stamp, ending, tookMs, nowMs);
      if (ending === 'refused') this.metrics.lapidary_router_refusals_total.inc({ stamp, code: outcome });
    }
    if (stampMs > 0) {
      this.budget.add('wait', waitedMs, nowMs);
      this.budget.add('stamp', stampMs, nowMs);
    }
    this.traces.ended(described, { tenant, stamp }, ended);
    this.accessLog?.ended(described, tenant, stamp, ended, ending);
  }
}
