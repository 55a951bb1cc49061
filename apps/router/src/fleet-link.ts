import { ExplainRequestSchema } from '@lapidary/contracts/directory';
import type { TrafficSummary } from '@lapidary/contracts/api/traffic';
import { ReplicaQuestionSchema } from '@lapidary/contracts/route-replica';
import { releasedDigest } from '@lapidary/contracts/schemas/released';
import { routerExplain, routerHeartbeat, routerReplica, routerTraffic } from '@lapidary/contracts/subjects';
import type { RouterHeartbeat } from '@lapidary/contracts/router-protocol';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { answerReplica, type RouteReplica } from '@lapidary/stamp-sdk/route-replica/answer-replica';
import { explain, type ExplainDeps, type ExplainedRequest } from './explain.js';

/** Often enough that a router that stops is missed within seconds. */
const heartbeatMs = 2_000;
/** Any router of the region may answer: they hold the same directory. */
const explainQueue = 'routers';
/** Each goes through the whole directory. */
const questionsMax = 1;

/** What the control plane hears of this router: answers to "what would you do", and heartbeats. Nothing of it is needed for traffic. */
export class FleetLink {
  private readonly stopServing: () => void;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly link: NatsLink,
    private readonly deps: ExplainDeps & { readonly traffic: () => Promise<TrafficSummary>; readonly replica: RouteReplica },
  ) {
    const answer = (asked: ExplainedRequest): Promise<unknown> => explain(deps, asked);
    const stops = [
      link.serveJson(routerExplain(deps.region), ExplainRequestSchema, answer, { queue: explainQueue }),
      link.serveJson(routerReplica(deps.region, deps.routerId), ReplicaQuestionSchema, (q) => answerReplica(deps.replica, q), {
        inFlightMax: questionsMax,
      }),
    ];
    this.stopServing = () => stops.forEach((stop) => stop());
    this.timer = setInterval(() => void this.beat(), heartbeatMs);
  }

  stop(): void {
    clearInterval(this.timer);
    this.stopServing();
  }

  private async beat(): Promise<void> {
    if (!this.link.isConnected) return;
    const { directory, routerId } = this.deps;
    const { generation = null, root } = directory.digest ?? {};
    const heartbeat: RouterHeartbeat = {
      router: routerId,
      atMs: Date.now(),
      directory: { ...directory.state(), generation, ...(root === undefined ? {} : { root }) },
      schemas: releasedDigest,
    };
    this.link.publishJson(routerHeartbeat(this.deps.region), heartbeat);
    const traffic = await this.deps.traffic();
    if (this.link.isConnected) this.link.publishJson(routerTraffic(this.deps.region), traffic);
  }
}
