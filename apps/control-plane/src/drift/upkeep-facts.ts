import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { GivenUpStanding } from '@lapidary/contracts/api/given-up-regions';
import type { WireProtocol } from '@lapidary/contracts/wire-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { recoveryView, setBackPeers } from '../fence/fence-facts.js';
import { givenUpStandings } from '../regions/given-up-rows.js';
import { refusedEpochs, type RefusedEpoch } from '../replication/refused-epochs.js';
import { passedBudgets, type PassedBudget } from '../collections/collection-row.js';
import { frozenAndPlanted, type Frozen } from './frozen-tenants.js';
import { regionsHoldingBack } from '../collections/purge-tombstones.js';
import { recentRefusals, type RecentRefusal } from '../signatures/refusal-rows.js';

/** What regions need of each other to go on, and what grows without end where nobody looks. */
export interface UpkeepFacts {
  /** What each peer's hello said, of those that have ever answered. */
  readonly protocols: readonly { readonly peer: string; readonly theirs: WireProtocol }[];
  readonly peers: readonly string[];
  /** Collections, and what of them is beyond its budget. */
  readonly collections: readonly string[];
  readonly passed: readonly PassedBudget[];
  /** Regions that keep tombstones from being purged, with when each last said what it knows; null: never. */
  readonly holdingBack: ReadonlyMap<string, Date | null>;
  /** Regions whose log is known to be set back, with since when. */
  readonly setBack: ReadonlyMap<string, Date>;
  /** Stamps and tenants of peers whose epoch was told lower than it is known here. */
  readonly refused: readonly RefusedEpoch[];
  /** Regions that were given up as lost for good, this one included (regions/given-up-states.ts). */
  readonly givenUp: ReadonlyMap<string, GivenUpStanding>;
  /** By peer, what came in its name of late and was not signed by it. */
  readonly unbelieved: ReadonlyMap<string, readonly RecentRefusal[]>;
  /** This region's own; null: its log is sound. */
  readonly recovery: { readonly state: string; readonly fenced: boolean } | null;
  /** Tenants of this region that are frozen. */
  readonly frozen: Frozen;
  /** Active stamps of this region, with when the agent of the present epoch was heard last. */
  readonly agents: readonly { readonly stamp: string; readonly heardAt: Date }[];
  /** Subjects of open findings about silent replicas. */
  readonly silent: readonly string[];
}

/** Where nobody looks, and where all is well. */
export const noUpkeep: UpkeepFacts = {
  protocols: [],
  peers: [],
  collections: [],
  passed: [],
  holdingBack: new Map(),
  setBack: new Map(),
  refused: [],
  givenUp: new Map(),
  unbelieved: new Map(),
  recovery: null,
  frozen: { tenants: [], found: [] },
  agents: [],
  silent: [],
};

/** How the run's planted ones are called, wherever a name is free. */
export const plantedName = (nonce: string): string => `planted-${nonce}`;

/** `nonce`: of what is planted, in a transaction that is rolled back. */
export const readUpkeepFacts = async (reader: Reader, config: ControlPlaneConfig, nonce: string): Promise<UpkeepFacts> => {
  const peers = peersOf(config);
  const rows = await rowsOf<{ peer: string; speaks: number; hears: number }>(
    reader,
    `SELECT origin AS peer, protocol_speaks AS speaks, protocol_hears AS hears FROM version_vector
      WHERE origin = ANY ($1) AND protocol_speaks IS NOT NULL ORDER BY origin`,
    [[...peers, plantedName(nonce)]],
  );
  const agents = await rowsOf<{ stamp: string; heardAt: Date }>(
    reader,
    `SELECT s.name AS stamp, o.last_heartbeat_at AS "heardAt" FROM stamp s JOIN stamp_observation o ON o.stamp = s.name AND o.epoch = s.epoch
      WHERE s.region = $1 AND s.status = 'active' ORDER BY s.name`,
    [config.LAPIDARY_REGION],
  );
  const silent = await rowsOf<{ subject: string }>(
    reader,
    `SELECT DISTINCT subject FROM drift_finding WHERE kind = 'replica-age' AND resolved_at IS NULL`,
  );
  const { collections, passed } = await passedBudgets(reader);
  return {
    protocols: rows.map(({ peer, speaks, hears }) => ({ peer, theirs: { speaks, hears } })),
    peers,
    collections,
    passed,
    holdingBack: await holdingBackAndPlanted(reader, peers, nonce),
    setBack: await setBackPeers(reader),
    refused: await refusedEpochs(reader),
    givenUp: await givenUpStandings(reader),
    unbelieved: await recentRefusals(reader),
    recovery: await recoveryView(reader, peers),
    frozen: await frozenAndPlanted(reader, config.LAPIDARY_REGION, plantedName(nonce)),
    agents,
    silent: silent.map((row) => row.subject),
  };
};

/** The planted region is judged by a declaration of this one that is planted too: a fresh fleet has none that is old enough. */
const holdingBackAndPlanted = async (
  reader: Reader,
  peers: readonly string[],
  nonce: string,
): Promise<ReadonlyMap<string, Date | null>> => {
  const real = await regionsHoldingBack(reader, peers);
  await reader.query(`INSERT INTO own_knowledge (event, known, declared_at) VALUES ($1, '{}', now() - interval '1 year')`, [
    plantedName(nonce),
  ]);
  return new Map([...real, ...(await regionsHoldingBack(reader, [plantedName(nonce)]))]);
};

/** A peer with no protocol in common, a log that was set back and events that it has not signed, a collection beyond its budget, and an agent that fell silent. In a transaction that is rolled back. */
export const plantUpkeep = async (tx: Tx, stamp: string, nonce: string): Promise<void> => {
  const name = plantedName(nonce);
  await tx.query(
    'INSERT INTO version_vector (origin, epoch, sequence, protocol_speaks, protocol_hears, set_back_to, set_back_at) VALUES ($1, 0, 0, 0, 0, 0, now())',
    [name],
  );
  await tx.query(`INSERT INTO signature_refusal (peer, what, why, times) VALUES ($1, 'events', 'unsigned', 1)`, [name]);
  const at = `0000000000000.0000.${nonce}`;
  const value = {
    ...{ scope: 'fleet', policy: { kind: 'append' }, version: 1, created: at },
    budgets: { documentBytes: 1_000, documents: -1, changes: 1_000 },
  };
  const definition = { siblings: [{ at, value }], seen: { [nonce]: at } };
  await tx.query('INSERT INTO collection (name, definition) VALUES ($1, $2::jsonb)', [name, JSON.stringify(definition)]);
  await tx.query(`UPDATE stamp_observation SET last_heartbeat_at = now() - interval '1 year' WHERE stamp = $1`, [stamp]);
};
