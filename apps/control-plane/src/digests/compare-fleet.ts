import { rowsAtOnceMax } from '@lapidary/contracts/digest-protocol';
import { fleetTables, type FleetLook, type FleetSum, type FleetTable } from '@lapidary/contracts/fleet-protocol';
import { rolledBack } from '@lapidary/db/rolled-back';
import type { Tx } from '@lapidary/db/transaction';
import type { KnownEvents } from '@lapidary/replication/digest/vector-cover';
import type { DataSource } from 'typeorm';
import { fleetBucketSums, fleetLooks, fleetRows, fleetSums, missingByRule } from './fleet-rows.js';
import { readKnown } from './known-events.js';
import { regionsLost } from '../regions/given-up-rows.js';
import { lookTwice } from './look-twice.js';
import type { PeerFleet } from './peer-fleet.js';
import { portions } from './portions.js';

/** A row that its owner tells otherwise than it is kept here, though each region knows what the other knew (D1). */
export interface DriftedFleetRow {
  readonly table: FleetTable;
  readonly key: string;
  /** Null: not there. */
  readonly own: string | null;
  readonly theirs: string | null;
}

export interface ComparedFleet {
  readonly drifted: readonly DriftedFleetRow[];
  /** Suspects that could not be judged: they change all the time, are held, or one side has not caught up. */
  readonly unjudged: readonly Pick<DriftedFleetRow, 'table' | 'key'>[];
  readonly more: boolean;
  /** Whether the stamp that was planted here was found to be nobody's. */
  readonly planted: 'found' | 'missed' | 'not-planted';
}

/** Of one table in one look; what differs beyond is found by the next looks, once these are put right. */
const suspectsMax = 1_000;
/** Rows of one listing: 300 kB. */
const listedMax = 3_000;
/**
 * Compares what is kept here of a peer's stamps and tenants, and of definitions, with what the peer has: sums, then buckets, then rows, then
 * what differs twice. No transaction is open while the peer is asked. With `nonce`, a stamp of the peer's is planted in each that is, and
 * rolled back.
 */
export const compareFleet = async (
  dataSource: DataSource,
  peer: PeerFleet,
  nonce: string | null,
  signal: AbortSignal,
): Promise<ComparedFleet> => {
  const planted = nonce === null ? null : `planted-${nonce}`;
  const own = async <T>(read: (tx: Tx) => Promise<T>): Promise<T> =>
    await rolledBack(dataSource, async (tx) => {
      if (planted !== null) await plantStamp(tx, peer.peer, planted);
      return await read(tx);
    });
  const theirs = await peer.sums();
  const ours = await own(async (tx) => fleetSums(tx, peer.peer));
  const all: DriftedFleetRow[] = [];
  const unjudged: Pick<DriftedFleetRow, 'table' | 'key'>[] = [];
  let [hasMore, isFound] = [false, false];
  for (const table of fleetTables) {
    if (isSame(ours.get(table), theirs.get(table))) continue;
    const { keys, more } = await differing(own, peer, table);
    isFound ||= table === 'stamp' && planted !== null && keys.includes(planted);
    hasMore ||= more;
    const judged = await judge(
      dataSource,
      peer,
      table,
      keys.filter((key) => key !== planted),
      signal,
    );
    all.push(...judged.drifted);
    unjudged.push(...judged.unjudged);
  }
  return { drifted: all, unjudged, more: hasMore, planted: planted === null ? 'not-planted' : isFound ? 'found' : 'missed' };
};

const plantStamp = async (tx: Tx, region: string, name: string): Promise<void> => {
  await tx.query(
    `INSERT INTO stamp (name, region, status, ring, profile, isolation, driver, capacity_units, spec)
     VALUES ($1, $2, 'active', 'planted', 'planted', 'pooled', 'planted', 1, '{}')`,
    [name, region],
  );
};

const isSame = (a: FleetSum | undefined, b: FleetSum | undefined): boolean => a?.rows === b?.rows && a?.sum === b?.sum;

type Read = <T>(read: (tx: Tx) => Promise<T>) => Promise<T>;

/** Keys whose rows differ at first sight: suspects and no more, since the two sides are of different moments. */
const differing = async (own: Read, peer: PeerFleet, table: FleetTable): Promise<{ readonly keys: string[]; readonly more: boolean }> => {
  const theirs = new Map((await peer.buckets(table)).map((sum) => [sum.bucket, sum]));
  const ours = new Map((await own(async (tx) => fleetBucketSums(tx, peer.peer, table))).map((sum) => [sum.bucket, sum]));
  const buckets = [...new Set([...theirs.keys(), ...ours.keys()])].filter((b) => !isSame(ours.get(b), theirs.get(b)));
  const keys: string[] = [];
  let isCut = false;
  for (const some of portions(buckets, (b) => Math.max(ours.get(b)?.rows ?? 0, theirs.get(b)?.rows ?? 0), listedMax)) {
    if (keys.length >= suspectsMax) return { keys: keys.slice(0, suspectsMax), more: true };
    const { rows, cut } = await peer.rows(table, some);
    isCut ||= cut;
    const [yours, mine] = [digestsOf(rows), digestsOf(await own(async (tx) => fleetRows(tx, peer.peer, table, some)))];
    keys.push(...new Set([...yours.keys(), ...mine.keys()].filter((key) => yours.get(key) !== mine.get(key))));
  }
  return { keys: keys.slice(0, suspectsMax), more: isCut || keys.length > suspectsMax };
};

const digestsOf = (rows: readonly { readonly key: string; readonly digest: string }[]): ReadonlyMap<string, string> =>
  new Map(rows.map(({ key, digest }) => [key, digest]));

interface Sight {
  readonly known: KnownEvents;
  readonly looks: readonly FleetLook[];
}

/** Looks twice at the suspects, the second time when both sides know what the other knew at the first (D1). */
const judge = async (
  dataSource: DataSource,
  peer: PeerFleet,
  table: FleetTable,
  suspects: readonly string[],
  signal: AbortSignal,
): Promise<Pick<ComparedFleet, 'drifted' | 'unjudged'>> => {
  const drifted: DriftedFleetRow[] = [];
  const unjudged: Pick<DriftedFleetRow, 'table' | 'key'>[] = [];
  for (let from = 0; from < suspects.length; from += rowsAtOnceMax) {
    const keys = suspects.slice(from, from + rowsAtOnceMax);
    const look = async (): Promise<{ own: Sight; theirs: Sight }> => {
      const theirs = await peer.looks(table, keys, { views: false });
      const own = await dataSource.transaction('REPEATABLE READ', async (tx) => ({
        known: await readKnown(tx),
        looks: await fleetLooks(tx, peer.peer, table, keys),
      }));
      return { own, theirs };
    };
    const { first, second, isCovered } = await lookTwice(look, await regionsLost(dataSource), signal);
    const byRule = table === 'tenant' ? await missingByRule(dataSource, peer.peer, keys) : new Set<string>();
    for (const [i, key] of keys.entries()) {
      const [a, b] = [pairAt(first, i), pairAt(second, i)];
      if (b.own === b.theirs || ((b.own === null || b.theirs === null) && byRule.has(key))) continue;
      const isLasting = isCovered && a.own === b.own && a.theirs === b.theirs && !b.held;
      if (isLasting) drifted.push({ table, key, own: b.own, theirs: b.theirs });
      else unjudged.push({ table, key });
    }
  }
  return { drifted, unjudged };
};

const pairAt = ({ own, theirs }: { readonly own: Sight; readonly theirs: Sight }, i: number) => {
  const [mine, yours] = [own.looks[i], theirs.looks[i]];
  // Of what did not fit the answer nothing is known.
  return { own: mine?.digest ?? null, theirs: yours?.digest ?? null, held: (mine?.held ?? true) || (yours?.held ?? true) };
};
