import type { Heartbeat } from '@lapidary/contracts/agent-protocol';
import { releasedDigest } from '@lapidary/contracts/schemas/released';
import { agentHeartbeat } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Holder } from './holder.js';
import type { Load } from './load.js';
import type { Registration } from './registration.js';
import type { Traffic } from './traffic.js';
import type { WorkloadHealth } from './workload-health.js';

/** While unregistered there is no interval and nothing to say; look again then. */
const unregisteredMs = 200;

export interface HeartbeatOptions {
  readonly link: NatsLink;
  readonly region: string;
  readonly stamp: string;
  readonly instanceId: string;
  readonly agentVersion: string;
  readonly registration: Registration;
  readonly holder: Holder;
  readonly load: Load;
  readonly traffic: Traffic;
  readonly workload: WorkloadHealth;
}

/** Tells the region, at the interval it asked for, that and how the stamp lives (P-HB1). A lost heartbeat is not repeated. */
export class Heartbeats {
  private sequence = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: HeartbeatOptions) {}

  start(): void {
    this.beat();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private beat(): void {
    const session = this.options.registration.accepted;
    if (session !== null && this.options.link.isConnected) this.send(session.epoch);
    this.timer = setTimeout(() => this.beat(), session?.heartbeatMs ?? unregisteredMs);
  }

  private send(epoch: number): void {
    const { link, region, stamp, instanceId, agentVersion, holder, load, traffic, workload } = this.options;
    this.sequence += 1;
    const heartbeat: Heartbeat = {
      stamp: stamp as Heartbeat['stamp'],
      instanceId,
      epoch,
      sequence: this.sequence,
      atMs: Date.now(),
      load: load.take(),
      holding: { count: holder.count, asOf: holder.asOf, root: holder.root },
      workload: workload.state,
      agentVersion,
      schemas: releasedDigest,
      traffic: traffic.snapshot(),
    };
    link.publishJson(agentHeartbeat(region), heartbeat);
  }
}
