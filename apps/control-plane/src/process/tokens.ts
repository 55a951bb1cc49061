/**
 * Injection tokens of what the whole process shares; ProcessModule provides them globally. Beside these, `DataSource`
 * (typeorm), `HybridLogicalClock` (kernel), `Readiness` and `ReplicationStatus` are injected by their classes.
 */
export const CONFIG = Symbol('ControlPlaneConfig');
export const LOGGER = Symbol('Logger');
export const METRICS = Symbol('Metrics');
/** `NatsLink` of @lapidary/messaging/nats-link: this region's own NATS. */
export const NATS = Symbol('NatsLink');
/** A second `NatsLink` to it, for what is published into streams: a server that can't write to its disk holds up the connection over which it was asked to. */
export const NATS_STREAMS = Symbol('NatsLink of streams');
