import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { LinkProblem } from '@lapidary/messaging/link-failure';
import { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { ReplicationStatus } from '../regions/replication-status.js';
import type { PeerSeals } from '../signatures/peer-seals.js';

/**
 * A link for each pair of regions: one try in 25 ms is nothing to the network, and half of that what a catch-up waits for on average; for the later
 * of the two links between two regions, two thirds.
 */
const reconnectWaitMs = 20;

/** Ordinary client connections to the other regions' NATS, one each (lab 1.3: no mesh, no gateway; each link stands alone). */
export class PeerLinks {
  readonly byRegion: ReadonlyMap<string, NatsLink>;

  constructor(
    config: ControlPlaneConfig,
    seals: PeerSeals,
    logger: Logger,
    status: ReplicationStatus,
    onChange: (peer: string, up: boolean) => void,
  ) {
    const links = new Map<string, NatsLink>();
    for (const [peer, { natsUrl, natsUser, natsPassword }] of Object.entries(config.LAPIDARY_PEERS)) {
      if (peer === config.LAPIDARY_REGION) continue;
      const name = `geode:${config.LAPIDARY_REGION}->${peer}`;
      const link = new NatsLink({
        url: natsUrl,
        user: natsUser,
        password: natsPassword,
        name,
        logger: logger.child({ peer }),
        reconnectWaitMs,
        sealOf: (subject) => seals.forSubject(subject),
      });
      const tell = (up: boolean): void => {
        const problem = (): LinkProblem | null => link.problem;
        status.report(peer, up ? { state: 'connected', cutSince: null } : { state: 'cut', cutSince: new Date().toISOString(), problem });
        onChange(peer, up);
      };
      tell(false);
      link.onConnected(() => tell(true));
      link.onDisconnected(() => tell(false));
      links.set(peer, link);
    }
    this.byRegion = links;
  }

  async close(): Promise<void> {
    await Promise.all([...this.byRegion.values()].map(async (link) => link.close()));
  }
}
