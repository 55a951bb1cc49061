import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { Logger } from '@lapidary/telemetry/logger';
import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import { Inject, Injectable } from '@nestjs/common';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CollectionTools } from '../collections/collection-tools.js';
import { collectionMetrics } from '../collections/metrics.js';
import { CONFIG, LOGGER, METRICS } from '../process/tokens.js';
import type { ApplyTools } from './apply-tenant.js';
import { replicationMetrics } from './metrics.js';
import { suspendLoser } from './suspend-loser.js';

/** What everybody who applies another region's events needs: the readers of the peers, and whoever replays a dead letter. */
@Injectable()
export class ReplicationTools {
  readonly logger: Logger;
  readonly metrics: MetricsOf<typeof replicationMetrics>;
  readonly collections: MetricsOf<typeof collectionMetrics>;
  readonly apply: ApplyTools;

  constructor(
    clock: HybridLogicalClock,
    tools: CollectionTools,
    @Inject(CONFIG) config: ControlPlaneConfig,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) { registry }: ControlPlaneMetrics,
  ) {
    const { LAPIDARY_REGION: region, LAPIDARY_BASE_DOMAIN: baseDomain } = config;
    this.logger = logger.child({ part: 'replication' });
    this.metrics = createMetrics(replicationMetrics, { processMetrics: false, registry });
    this.collections = createMetrics(collectionMetrics, { processMetrics: false, registry });
    this.apply = {
      region,
      collections: {
        region,
        clock,
        nested: async () => (await tools.site()).nested,
        onLosses: (collection, count) => this.collections.lapidary_collection_losses_total.inc({ collection }, count),
        onLate: (origin) => this.collections.lapidary_collection_late_changes_total.inc({ origin }),
      },
      suspendLoser: async (tx, tenant, winner) => suspendLoser(tx, region, { clock, baseDomain }, tenant, winner),
      onConflict: (subject, peer) => {
        this.metrics.lapidary_replication_conflicts_total.inc({ peer });
        this.logger.warn({ peer, subject }, 'two regions had given out one name; see the conflict ledger');
      },
    };
  }
}
