import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { AppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { NestedDocuments } from '@lapidary/replication/collections/collection-store';
import type { DataSource } from 'typeorm';
import { compareFleet } from '../digests/compare-fleet.js';
import { comparePeer } from '../digests/compare-peer.js';
import { findPlantedCorruption } from '../digests/planted-corruption.js';
import { readScrubbed } from '../digests/scrub.js';
import { PeerFleet } from '../digests/peer-fleet.js';
import { PeerDigests } from '../digests/peer-digests.js';
import type { PlannerProcess } from '../provisioning/planner-process.js';
import { provisionRunOf, synthRequestOf } from '../provisioning/provision-run.js';
import { compareRoutes, type RouteTools } from './routes/compare-routes.js';
import type { ReplicaFleet } from './routes/replica-fleet.js';
import { askSchema } from './schema/serve-schema.js';
import type { World } from './drift-facts.js';

export interface WorldParts {
  readonly config: ControlPlaneConfig;
  readonly planner: Pick<PlannerProcess, 'read' | 'synthesize'>;
  readonly dataSource: DataSource;
  /** To the other regions. */
  readonly links: ReadonlyMap<string, NatsLink>;
  /** Of this region. */
  readonly nats: NatsLink;
  readonly replicas: ReplicaFleet;
  readonly nested: () => Promise<NestedDocuments>;
}

/** The world as the warm planner and the peers' links tell it; the planner writes nothing and may be killed at any time. */
export const realWorld = (
  { config, planner, dataSource, links, nats, replicas, nested }: WorldParts,
  ofRouters: RouteTools['ofRouters'] = new Map(),
): World => ({
  render: async (spec, regionFacts, signal, templateVersion) =>
    await planner.synthesize(synthRequestOf(provisionRunOf(config, spec, regionFacts, templateVersion)), signal),
  driftedResources: async (spec, regionFacts, signal) =>
    (await planner.read({ ...provisionRunOf(config, spec, regionFacts), operation: 'drift' }, signal)).drifted,
  scrubbed: async (nonce) => ({
    ...(await readScrubbed(dataSource, {
      rowsPerSecond: config.LAPIDARY_SCRUB_ROWS_PER_SECOND,
      upSince: new Date(performance.timeOrigin),
    })),
    planted: await findPlantedCorruption(dataSource, nonce, await nested()),
  }),
  peers: [...links.keys()],
  comparePeer: async (peer, nonce, signal) =>
    comparePeer(dataSource, new PeerDigests(config.LAPIDARY_REGION, peer, linkTo(links, peer)), nonce, signal),
  compareFleet: async (peer, nonce, signal) =>
    compareFleet(dataSource, new PeerFleet(config.LAPIDARY_REGION, peer, linkTo(links, peer)), nonce, signal),
  peerSchema: async (peer) => askSchema(linkTo(links, peer), config.LAPIDARY_REGION, peer),
  routeReplicas: async () => replicas.look(dataSource),
  routersHeard: () => Promise.resolve(replicas.heard()),
  compareRoutes: async (replica, nonce, signal) =>
    compareRoutes({ region: config.LAPIDARY_REGION, dataSource, nats, ofRouters }, replica, nonce, signal),
});

const linkTo = (links: WorldParts['links'], peer: string): NatsLink => {
  const link = links.get(peer);
  if (!link) throw new AppError('region_unreachable', `There is no link to region ${peer}`);
  return link;
};
