import type { Duplex } from 'node:stream';
import type { ForwardTimeouts } from '@lapidary/stamp-sdk/forward/forward-result';
import type { Logger } from '@lapidary/telemetry/logger';
import type { IdentificationOf } from '../identification/identification.js';
import type { Thaw } from '../pipeline/thaw.js';
import type { InFlight } from '../in-flight.js';
import type { RouterMetrics } from '../metrics.js';
import type { Observer } from '../observe/observer.js';
import type { RefusalTurns } from '../traffic-policy/refusal-turns.js';
import type { TrafficPolicy } from '../traffic-policy/traffic-policy.js';
import type { DeadlineWheel } from './deadline-wheel.js';
import type { LaneFinder } from './lanes.js';
import type { RouteCache } from './route-cache.js';

/** A client's connection, as whoever stops the server sees it. */
interface EngineClient {
  readonly isIdle: boolean;
  readonly hasBegun: boolean;
  /** Of answers, until the client reads. */
  readonly unsentBytes: number;
  /** At once where nothing waits to be sent. */
  closeWhenSent(): void;
  giveUp(cause: 'stalled' | 'stopped'): void;
}

/** What every connection of the fast path works with. */
export interface EngineContext {
  readonly wheel: DeadlineWheel;
  readonly lanes: LaneFinder;
  readonly routes: RouteCache;
  readonly policy: TrafficPolicy;
  /** Keeps refusals from taking the thread from everybody else. */
  readonly refusals: RefusalTurns;
  readonly metrics: RouterMetrics;
  readonly observer: Observer;
  readonly logger: Logger;
  readonly timeouts: ForwardTimeouts;
  readonly inFlight: InFlight;
  /** Fetches the tenant's newest entry from the directory's source. */
  readonly refreshTenant: (tenant: string) => Promise<void>;
  /** Takes connections that the fast path leaves to the general one. */
  readonly general: { attach(stream: Duplex, once: boolean): void; wants(request: { readonly target: string }): boolean };
  /** Where to look for tenants, beside the usual order. */
  readonly identification: () => IdentificationOf | undefined;
  /** Keeps requests of tenants that are being moved. */
  readonly thaw: Thaw;
  readonly clients: Set<EngineClient>;
  /** Every answer ends its connection from now on. */
  draining: boolean;
}
