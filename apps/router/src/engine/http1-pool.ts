import type { Wire, WireHandler } from '../transport/wire.js';
import type { DeadlineWheel } from './deadline-wheel.js';

export interface LaneLimits {
  readonly connectMs: number;
  /** Shorter than the other side keeps idle connections, so that it is us who close, and not it in the middle of a request. */
  readonly idleMs: number;
}

/** What a pooled connection asks of its pool. */
export interface Http1Pool<Connection> {
  readonly wheel: DeadlineWheel;
  readonly limits: LaneLimits;
  connect(handler: WireHandler): Wire;
  /** It may carry another request. */
  keep(connection: Connection): void;
  /** It is closed. */
  forget(connection: Connection): void;
}
