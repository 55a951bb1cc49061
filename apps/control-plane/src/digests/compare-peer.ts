import { rowsAtOnceMax, type DigestRow, type RowKey } from '@lapidary/contracts/digest-protocol';
import { sameRoot } from '@lapidary/replication/digest/bucket-table';
import type { KnownEvents } from '@lapidary/replication/digest/vector-cover';
import type { DataSource } from 'typeorm';
import { readRows } from './document-digests.js';
import type { DigestDomain } from './digest-rows.js';
import { differingRows } from './differing-rows.js';
import { readKnown } from './known-events.js';
import { regionsLost } from '../regions/given-up-rows.js';
import { lookTwice } from './look-twice.js';
import type { PeerDigests } from './peer-digests.js';
import { ownRoots } from './planted-document.js';
import { mayHave, type RootedDomain } from './shared-roots.js';

/** A row that two regions hold differently, though each knows what the other knew (D1). */
export interface DriftedRow extends RowKey {
  /** Null: not there. */
  readonly own: string | null;
  readonly theirs: string | null;
}

export interface ComparedDomain {
  readonly domain: DigestDomain;
  readonly drifted: readonly DriftedRow[];
  /** Suspects that could not be judged: they change all the time, are held, or one side has not caught up. */
  readonly unjudged: readonly RowKey[];
  /** Suspects that had changed again before they could be named. */
  readonly moved: number;
  readonly more: boolean;
}

export interface Compared {
  readonly domains: readonly ComparedDomain[];
  /** Whether the document that was planted here was found to be missing there. */
  readonly planted: 'found' | 'missed' | 'not-planted';
}

interface Suspects {
  readonly domain: DigestDomain;
  readonly keys: readonly RowKey[];
  readonly moved: number;
  readonly more: boolean;
}

/**
 * Compares what is here with what a peer holds: roots, then the sets whose roots differ, then their rows, twice. With `nonce`, a
 * document is planted here, which the comparison must find, or it would find nothing else either. No transaction waits for the peer.
 */
export const comparePeer = async (
  dataSource: DataSource,
  peer: PeerDigests,
  nonce: string | null,
  signal: AbortSignal,
): Promise<Compared> => {
  const { suspects, planted, all } = await suspectsOf(dataSource, peer, nonce);
  const domains: ComparedDomain[] = [];
  for (const suspect of suspects) domains.push(await judge(dataSource, peer, suspect, signal));
  const inOrder = all.filter((d) => !suspects.some((s) => nameOf(s.domain) === nameOf(d)));
  domains.push(...inOrder.map((domain) => ({ domain, drifted: [], unjudged: [], moved: 0, more: false })));
  return { domains, planted };
};

const suspectsOf = async (
  dataSource: DataSource,
  peer: PeerDigests,
  nonce: string | null,
): Promise<{ suspects: Suspects[]; planted: Compared['planted']; all: DigestDomain[] }> => {
  const isShared = await mayHave(dataSource, peer.peer);
  const theirs = (await peer.domains()).filter(isShared);
  const { roots, withPlanted, planted } = await ownRoots(dataSource, peer.peer, nonce);
  const suspects: Suspects[] = [];
  let found = false;
  for (const domain of differingDomains(withPlanted, theirs)) {
    const isOfPlanted = planted !== null && nameOf(domain) === nameOf(planted);
    const { keys, moved, more, isPlantedFound } = await differingRows(dataSource, peer, domain, isOfPlanted ? planted : null);
    found ||= isPlantedFound;
    suspects.push({ domain, moved, more, keys });
  }
  return { suspects, planted: planted === null ? 'not-planted' : found ? 'found' : 'missed', all: allDomains(roots, theirs) };
};

const nameOf = ({ collection, kind, audience }: DigestDomain): string => `${collection} ${kind} ${audience}`;

const allDomains = (own: readonly DigestDomain[], theirs: readonly DigestDomain[]): DigestDomain[] => [
  ...new Map(
    [...own, ...theirs].map(({ collection, kind, audience }) => [nameOf({ collection, kind, audience }), { collection, kind, audience }]),
  ).values(),
];

const differingDomains = (own: readonly RootedDomain[], theirs: readonly RootedDomain[]): DigestDomain[] => {
  const [mine, yours] = [new Map(own.map((d) => [nameOf(d), d])), new Map(theirs.map((d) => [nameOf(d), d]))];
  return allDomains(own, theirs).filter((d) => {
    const [a, b] = [mine.get(nameOf(d)), yours.get(nameOf(d))];
    return !a || !b || !sameRoot(a.root, b.root);
  });
};

interface Sight {
  readonly known: KnownEvents;
  readonly rows: ReadonlyMap<string, DigestRow>;
}

const keyOf = ({ tenant, id }: RowKey): string => `${tenant}/${id}`;
const sightOf = (known: KnownEvents, rows: readonly DigestRow[]): Sight => ({ known, rows: new Map(rows.map((r) => [keyOf(r), r])) });

/** Looks twice at the suspects, the second time when both sides know what the other knew at the first (D1). */
const judge = async (dataSource: DataSource, peer: PeerDigests, suspects: Suspects, signal: AbortSignal): Promise<ComparedDomain> => {
  const { domain, moved, more } = suspects;
  const drifted: DriftedRow[] = [];
  const unjudged: RowKey[] = [];
  for (let from = 0; from < suspects.keys.length; from += rowsAtOnceMax) {
    const keys = suspects.keys.slice(from, from + rowsAtOnceMax);
    const look = async (): Promise<{ own: Sight; theirs: Sight }> => {
      const answer = await peer.digests(domain, keys);
      const own = await dataSource.transaction('REPEATABLE READ', async (tx) =>
        sightOf(await readKnown(tx), await readRows(tx, domain, keys, { states: false })),
      );
      return { own, theirs: sightOf(answer.known, answer.rows) };
    };
    const { first, second, isCovered } = await lookTwice(look, await regionsLost(dataSource), signal);
    for (const key of keys) {
      const [a, b] = [pairOf(first, key), pairOf(second, key)];
      if (b.own === b.theirs) continue;
      const isSame = a.own === b.own && a.theirs === b.theirs;
      if (isCovered && isSame && !b.held) drifted.push({ ...key, own: b.own, theirs: b.theirs });
      else unjudged.push(key);
    }
  }
  return { domain, drifted, unjudged, moved, more };
};

const pairOf = ({ own, theirs }: { own: Sight; theirs: Sight }, key: RowKey) => {
  const [mine, yours] = [own.rows.get(keyOf(key)), theirs.rows.get(keyOf(key))];
  return { own: mine?.digest ?? null, theirs: yours?.digest ?? null, held: (mine?.held ?? false) || (yours?.held ?? false) };
};
