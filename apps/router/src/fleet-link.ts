import { ExplainRequestSchema } from '@lapidary/contracts/directory';
import type { TrafficSummary } from '@lapidary/contracts/api/traffic';
import { routerExplain, routerHeartbeat, routerTraffic } from '@lapidary/contracts/subjects';
import type { RouterHeartbeat } from '@lapidary/contracts/router-protocol';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { explain, type ExplainDeps } from './explain.js';

/** Often enough that a router that stops is missed within seconds. */
const heartbeatMs = 2_000;
/** Any router of the region may answer: they hold the same directory. */
const explainQueue = 'routers';

/** What the control plane hears of this router: answers to "what would you do", and heartbeats. Nothing of it is needed for traffic. */
export class FleetLink {
  private readonly stopServing: () => void;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly link: NatsLink,
    private readonly deps: ExplainDeps & { readonly traffic: () => Promise<TrafficSummary> },
  ) {
    const answer = ({ host, path }: { host: string; path: string }): Promise<unknown> => explain(deps, host, path);
    this.stopServing = link.serveJson(routerExplain(deps.region), ExplainRequestSchema, answer, { queue: explainQueue });
    this.timer = setInterval(() => void this.beat(), heartbeatMs);
  }

  stop(): void {
    clearInterval(this.timer);
    this.stopServing();
  }

  private async beat(): Promise<void> {
    if (!this.link.isConnected) return;
    const { source, cursor, entries, ageMs } = this.deps.directory.state();
    const heartbeat: RouterHeartbeat = { router: this.deps.routerId, atMs: Date.now(), directory: { source, cursor, entries, ageMs } };
    this.link.publishJson(routerHeartbeat(this.deps.region), heartbeat);
    const traffic = await this.deps.traffic();
    if (this.link.isConnected) this.link.publishJson(routerTraffic(this.deps.region), traffic);
  }
}
