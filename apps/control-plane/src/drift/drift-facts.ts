import type { DriftedResource } from '@lapidary/contracts/provisioner-protocol';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import type { ComparedFleet } from '../digests/compare-fleet.js';
import type { Compared } from '../digests/compare-peer.js';
import type { SchemaAnswer } from '@lapidary/contracts/schema-protocol';
import type { ComparedRoutes } from './routes/compare-routes.js';
import type { RouterHeard, RouteReplicaFacts } from './routes/replica-fleet.js';
import type { WrongEntry } from './routes/route-facts.js';
import type { PlacementFacts } from './placement-facts.js';
import type { Scrubbed } from '../digests/scrub.js';
import type { UpkeepFacts } from './upkeep-facts.js';

/** A stamp as its row and its agent say it is. */
export interface StampFacts {
  readonly name: string;
  readonly region: string;
  readonly status: string;
  readonly ring: string;
  readonly profile: string;
  readonly isolation: string;
  readonly driver: string;
  readonly capacityUnits: number;
  readonly labels: Readonly<Record<string, string>>;
  /** As stored; `{}` in replicas of other regions' stamps. */
  readonly spec: unknown;
  readonly specDigest: string | null;
  readonly graphDigest: string | null;
  readonly templateVersion: string | null;
  readonly workloadVersion: string | null;
  /** What the workload itself says; null where it says none or its agent is not heard. */
  readonly observedWorkloadVersion: string | null;
  /** What works on it now, in words; null: nothing. What is being changed is not drift. */
  readonly inProgress: string | null;
  /** Changes with every job and every write of the row: equal before and after a look, nothing came between. */
  readonly generation: string;
}

export interface RegionFacts {
  readonly jurisdiction: string;
  readonly awsRegion: string;
}

/** What a stamp should be, from its files and what was asked for; or why that can't be told. */
export type Desired =
  | { readonly ok: true; readonly spec: StampSpec; readonly regionFacts: RegionFacts; readonly templateVersion: string | null }
  | { readonly ok: false; readonly code: string; readonly message: string };

export interface DriftFacts {
  readonly region: string;
  /** Stamps of this region. */
  readonly stamps: readonly StampFacts[];
  /** Stamps of all regions; other regions' as their events told. */
  readonly fleet: readonly StampFacts[];
  /** Of this region's stamps, by name. */
  readonly desired: ReadonlyMap<string, Desired>;
  readonly placement: PlacementFacts;
  readonly upkeep: UpkeepFacts;
  /** Entries of the directory that are not what they mirror. */
  readonly routes: { readonly entries: readonly WrongEntry[] };
  readonly schema: {
    readonly own: SchemaAnswer;
    /** Migrations that this code has. */
    readonly knownMigrations: readonly string[];
  };
  /** Stamps that are only planted. */
  readonly plantedStamps: readonly string[];
  /** A roll-out is under way: versions differ on purpose. */
  readonly rolloutOpen: boolean;
  /** Who owns what has no owner of its own. */
  readonly defaultOwner: string;
}

export interface Rendered {
  readonly templateVersion: string;
  readonly graphDigest: string;
}

/** What can't be read from the database. Methods throw AppErrors; `locked`-like ones say that somebody else is at it. */
export interface World {
  /** What a version of the template renders for a spec; null: the newest that is installed. */
  render(spec: StampSpec, regionFacts: RegionFacts, signal: AbortSignal, templateVersion: string | null): Promise<Rendered>;
  /** How the stamp's real resources differ from what was built. Reads only. */
  driftedResources(spec: StampSpec, regionFacts: RegionFacts, signal: AbortSignal): Promise<readonly DriftedResource[]>;
  /** What the scrub found, and whether it sees what is planted with the nonce. */
  scrubbed(nonce: string): Promise<Scrubbed & { readonly planted: boolean }>;
  readonly peers: readonly string[];
  /** What a peer holds of documents beside what is held here; a document is planted for it where a nonce is given. */
  comparePeer(peer: string, nonce: string | null, signal: AbortSignal): Promise<Compared>;
  /** What a peer tells of its stamps and tenants, and of definitions, beside what is kept here; a stamp is planted for it where a nonce is given. */
  compareFleet(peer: string, nonce: string | null, signal: AbortSignal): Promise<ComparedFleet>;
  peerSchema(peer: string): Promise<SchemaAnswer>;
  /** Routers and agents of this region. */
  routeReplicas(): Promise<readonly RouteReplicaFacts[]>;
  /** Routers that are or were there; `isComplete`: nobody is left out for having fallen silent before this process listened. */
  routersHeard(): Promise<{ readonly heard: readonly RouterHeard[]; readonly isComplete: boolean }>;
  /** What a router or agent holds beside what it must hold; a route is planted for it where a nonce is given. */
  compareRoutes(replica: RouteReplicaFacts, nonce: string | null, signal: AbortSignal): Promise<ComparedRoutes>;
}

export const ownerOf = (stamp: Pick<StampFacts, 'labels'>, facts: Pick<DriftFacts, 'defaultOwner'>): string =>
  stamp.labels['owner'] ?? facts.defaultOwner;

export const subjectOf = (stamp: string): string => `stamp/${stamp}`;
