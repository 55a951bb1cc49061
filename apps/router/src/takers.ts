import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import type { Registry } from 'prom-client';
import type { Look } from './observe/look.js';
import type { IdentifyRule } from './pipeline/identify-order.js';
import type { TokenFacts } from './pipeline/identify.js';
import type { Foreseen } from './traffic-policy/traffic-policy.js';

/** As prom-client's getMetricsAsJSON gives them. */
export type MetricPages = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

export interface TrafficPorts {
  readonly trafficPort: number;
  /** Of TLS, where there are certificates. */
  readonly tlsPort: number | undefined;
}

/** Who takes the requests of a router: the main thread (traffic.ts), or others (workers/worker-pool.ts). */
export interface Takers {
  /** Requests are taken from then on. */
  listen(): Promise<TrafficPorts>;
  /**
   * Takes no new connections, lets what is in flight end within `graceMs`, then cuts what is left. `relieved`: another process accepts from the
   * same sockets.
   */
  drain(graceMs: number, relieved: boolean): Promise<void>;
  /** Why requests can't be taken; empty where they can. */
  problems(): readonly string[];
  looks(): Promise<readonly Look[]>;
  /** What other threads count; the main thread's own are in its registry. */
  metrics(): Promise<readonly MetricPages[]>;
  /** Where to look for tenants, beside the usual order. */
  identifyRules(): readonly IdentifyRule[];
  /** What a token says of its tenant, where a rule for this host and path asks for one. */
  tokenFacts(host: string, path: string, token: string): Promise<TokenFacts>;
  /** What the traffic policy would say now; where there are several, one of them is asked. */
  foresee(tenant: TenantRoute, stamp: StampRoute): Promise<Foreseen>;
}
