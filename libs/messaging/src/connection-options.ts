import type { ConnectionOptions } from '@nats-io/transport-node';
import { inboxPrefix } from '@lapidary/contracts/nats-roles';

/** To which server, and as whom. */
export interface WhereTo {
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  /** Shown by the server's monitoring. */
  readonly name: string;
  /** Between two tries; less than the usual where there are few such links, and people wait for what comes over them. */
  readonly reconnectWaitMs?: number;
}

/** A server on the same network answers in milliseconds; a second means that it isn't there. */
const connectTimeoutMs = 1_000;
/** What a path that is back waits for us on average is half of it; a refused try costs a packet. Jitter keeps clients from arriving as one. */
export const reconnectWaitMs = 100;
/** Of the wait. */
const reconnectJitter = 0.5;
/** Finds a black hole in 4–6 s where no reader's heartbeats find it earlier (measured; the default of 2 min never did). */
const pingIntervalMs = 2_000;
const pingsOutMax = 2;

/** How a client comes to its server, and finds out that the way to it is gone. */
export const connectionOptions = (options: WhereTo): ConnectionOptions => {
  const waitMs = options.reconnectWaitMs ?? reconnectWaitMs;
  return {
    servers: options.url,
    user: options.user,
    pass: options.password,
    // The one that the user's permissions let it hear (nats-roles.ts).
    inboxPrefix: options.user === undefined ? undefined : inboxPrefix(options.user),
    name: options.name,
    timeout: connectTimeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: waitMs,
    reconnectJitter: waitMs * reconnectJitter,
    pingInterval: pingIntervalMs,
    maxPingOut: pingsOutMax,
    // A server whose accounts are being rewritten refuses for a moment; giving up would need a restart by hand.
    ignoreAuthErrorAbort: true,
    // Gossip would lead around a proxy or a load balancer.
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
  };
};
