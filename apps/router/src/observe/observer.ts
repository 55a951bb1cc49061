import type { RouterMetrics } from '../metrics.js';
import type { AccessLog } from './access-log.js';
import { LatencyBudget } from './latency-budget.js';
import { endingOf, TrafficFigures } from './traffic-figures.js';

/** What a log says of a request; read only where it is logged. */
export interface Described {
  readonly requestId: string;
  readonly method: string;
  readonly host: string | undefined;
  /** Path with query. */
  readonly target: string;
}

/** Whose request it was, as far as the decision got. */
export interface Whose {
  readonly tenant: string | null;
  readonly stamp: string | null;
}

/** What became of an exchange, told by both paths when it is over; kept by nobody. */
export interface Ended {
  /** answered, tunnelled, cut, client_gone, or the code that the router answered with. */
  outcome: string;
  /** 0 where nothing was answered. */
  status: number;
  tookMs: number;
  /** Until it was admitted. */
  waitedMs: number;
  /** From the start of the last forward to the head of its answer; 0 where none came. */
  stampMs: number;
}

/** Everything that watches requests (P-LB4). Costs about a microsecond; nothing is written here. */
export class Observer {
  readonly figures = new TrafficFigures();
  readonly budget = new LatencyBudget();

  constructor(
    private readonly metrics: RouterMetrics,
    private readonly accessLog: AccessLog | null = null,
  ) {}

  ended(described: Described, { tenant, stamp }: Whose, ended: Ended, nowMs: number): void {
    const { outcome, status, tookMs, waitedMs, stampMs } = ended;
    this.metrics.lapidary_router_requests_total.inc({ outcome });
    const ending = endingOf(outcome, status);
    if (tenant !== null && stamp !== null) {
      this.figures.ended(tenant, stamp, ending, tookMs, nowMs);
      if (ending === 'refused') this.metrics.lapidary_router_refusals_total.inc({ stamp, code: outcome });
    }
    if (stampMs > 0) {
      this.budget.add('wait', waitedMs, nowMs);
      this.budget.add('stamp', stampMs, nowMs);
    }
    this.accessLog?.ended(described, tenant, stamp, ended, ending);
  }
}
