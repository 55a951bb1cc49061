import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import type { WireProtocol } from '@lapidary/contracts/wire-protocol';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { MetricsOf } from '@lapidary/telemetry/metrics';
import type { DataSource } from 'typeorm';
import type { PeerSeals } from '../signatures/peer-seals.js';
import type { ApplyTools } from './apply-tenant.js';
import type { replicationMetrics } from './metrics.js';

export interface SessionOptions {
  /** This region. */
  readonly region: string;
  readonly peer: string;
  readonly dataSource: DataSource;
  /** Ordinary client connection to the peer's NATS. */
  readonly link: NatsLink;
  readonly tools: ApplyTools;
  /** By which messages of the peer's stream are believed; without them all are. */
  readonly seals?: PeerSeals;
  readonly logger: Logger;
  readonly metrics: MetricsOf<typeof replicationMetrics>;
  /** What this region speaks; tests put that of another version here. */
  readonly protocol?: WireProtocol;
  /** Told after the transaction has committed. */
  readonly onApplied: (events: readonly EventEnvelope[]) => void;
}
