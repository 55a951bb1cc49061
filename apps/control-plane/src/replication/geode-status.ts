import type { GivenUpStanding } from '@lapidary/contracts/api/given-up-regions';
import { GeodeSchema, type GeodeView } from '@lapidary/contracts/api/replication';
import { agreedProtocol, ownProtocol, protocolMismatch } from '@lapidary/contracts/wire-protocol';
import type { LinkProblem } from '@lapidary/messaging/link-failure';
import type { RegionKeys } from '@lapidary/messaging/region-keys';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { fleetRoot } from '@lapidary/replication/digest/fleet-root';
import { heldTokens } from '../auth/held-credentials.js';
import { heldChanges } from '../collections/release-held.js';
import { readOrigin } from '../outbox/outbox-rows.js';
import { outboxBacklog } from '../outbox/published-through.js';
import { readTrouble } from '../outbox/publishing-trouble.js';
import { readRoots } from '../digests/digest-rows.js';
import { openIntents, type OpenFigures } from '../regions/open-intents.js';
import { givenUpStandings } from '../regions/given-up-rows.js';
import { answersNow, cutSince } from '../regions/peer-freshness.js';
import { recoveryView, setBackPeers } from '../fence/fence-facts.js';
import { readConvergence } from './convergence-rows.js';
import type { LinkState } from '../regions/replication-status.js';
import { recentRefusals } from '../signatures/refusal-rows.js';

interface PeerRow {
  readonly region: string;
  readonly epoch: number;
  readonly applied: string;
  readonly head: string;
  readonly confirmed_at: Date | null;
  readonly last_event_at: Date | null;
  readonly acknowledged: string | null;
  readonly answers: boolean;
  readonly agrees: boolean | null;
  readonly agreed_at: Date | null;
  readonly protocol_speaks: number | null;
  readonly protocol_hears: number | null;
}

/**
 * How this region stands with the others: what it has of theirs, what they have of its. A peer counts as connected when there
 * is a connection and its control plane answers over it. `configured`: the peers (peersOf); a region that was taken out of them has left its row,
 * which stamps and tenants name, and is nobody that this one could be cut off from. Without it every region that has a row.
 */
export const geodeStatus = async (
  reader: Reader,
  linkTo: (region: string) => LinkState | undefined,
  configured?: readonly string[],
  keys?: RegionKeys,
): Promise<GeodeView> => {
  const origin = await readOrigin(reader);
  const backlog = await outboxBacklog(reader);
  const [counts] = await rowsOf<{ kept: string; dead: string; conflicts: string }>(
    reader,
    `SELECT (SELECT count(*) FROM outbox) AS kept, (SELECT count(*) FROM dead_letter WHERE state = 'open') AS dead,
            (SELECT count(*) FROM conflict) AS conflicts`,
  );
  const rows = await rowsOf<PeerRow>(
    reader,
    `SELECT r.name AS region, coalesce(v.epoch, 0) AS epoch, coalesce(v.sequence, 0) AS applied, coalesce(v.head, 0) AS head,
            v.confirmed_at, v.last_event_at, a.sequence AS acknowledged, ${answersNow('v')} AS answers,
            d.root = d.own_root AS agrees, d.agreed_at, v.protocol_speaks, v.protocol_hears
       FROM (SELECT name FROM region WHERE $3::text[] IS NULL UNION SELECT unnest($3::text[])) AS r LEFT JOIN version_vector v ON v.origin = r.name
       LEFT JOIN digest_peer d ON d.peer = r.name
       LEFT JOIN peer_ack a ON a.peer = r.name AND a.epoch = $2
      WHERE r.name <> $1 ORDER BY r.name`,
    [origin.region, origin.epoch, configured ?? null],
  );
  const domains = await readRoots(reader);
  const [convergence, held] = [await readConvergence(reader), await heldChanges(reader)];
  const [waiting, setBack] = [await openIntents(reader), await setBackPeers(reader)];
  const gone = await givenUpStandings(reader);
  const peers = rows.map((row) => ({
    ...peerOf(row, linkTo(row.region), origin, gone.get(row.region)),
    convergence: convergence.get(row.region) ?? { events: 0, p50Ms: null, p99Ms: null },
    held: held.get(row.region) ?? 0,
    intents: openOf(waiting.get(row.region)),
    setBackSince: setBack.get(row.region)?.toISOString() ?? null,
  }));
  return GeodeSchema.parse({
    region: origin.region,
    epoch: origin.epoch,
    sequence: origin.sequence,
    autonomousSince: autonomousSince(peers),
    outbox: { waiting: backlog.depth, oldestSeconds: backlog.ageSeconds, kept: Number(counts?.kept ?? 0) },
    signing: keys?.isSigning,
    signsWith: keys?.signsWith,
    publishing: await readTrouble(reader),
    inbox: { behind: total(peers.map((p) => p.behind)), held: total(held.values()) },
    intents: {
      open: total([...waiting.values()].map(openOf)),
      oldestSeconds: Math.max(0, ...[...waiting.values()].map((w) => w.oldestSeconds)),
    },
    deadLetters: Number(counts?.dead ?? 0),
    conflicts: Number(counts?.conflicts ?? 0),
    digest: { root: fleetRoot(domains), documents: domains.reduce((sum, d) => sum + d.root.rows, 0) },
    recovery: await recoveryView(reader, configured),
    heldTokens: await heldTokens(reader),
    givenUp: gone.get(origin.region),
    peers: keys ? await withSignatures(reader, peers, keys) : peers,
  } satisfies GeodeView);
};

const total = (counts: Iterable<number>): number => [...counts].reduce((sum, n) => sum + n, 0);
const openOf = (of: OpenFigures | undefined): number => (of ? of.queued + of.sent + of.cancelling : 0);

type Peer = GeodeView['peers'][number];

const peerOf = (
  row: PeerRow,
  link: LinkState | undefined,
  origin: { readonly region: string; readonly sequence: number },
  givenUp: GivenUpStanding | undefined,
): Peer => {
  const connected = link?.state === 'connected' && row.answers && !givenUp;
  const protocol = protocolOf(row);
  const acknowledged = row.acknowledged === null ? null : Number(row.acknowledged);
  return {
    region: row.region,
    link: connected ? 'connected' : 'cut',
    cutSince: connected ? null : cutSince(row.confirmed_at, link),
    cutBecause: connected ? null : givenUp ? givenUpText(givenUp) : causeOf(origin.region, row.region, protocol, link?.problem?.() ?? null),
    epoch: row.epoch,
    appliedSequence: Number(row.applied),
    behind: Math.max(0, Number(row.head) - Number(row.applied)),
    confirmedAt: row.confirmed_at?.toISOString() ?? null,
    lastEventAt: row.last_event_at?.toISOString() ?? null,
    acknowledgedSequence: acknowledged,
    digest: row.agrees === null ? 'unknown' : row.agrees ? 'agrees' : 'differs',
    agreedAt: row.agreed_at?.toISOString() ?? null,
    protocol,
    owed: acknowledged === null ? null : Math.max(0, origin.sequence - acknowledged),
  };
};

/**
 * Whether what peers say is believed by their signatures, and what was not of late. A server that can be reached, whose region is not believed, looks
 * like one that is silent.
 */
const withSignatures = async (reader: Reader, peers: readonly Peer[], keys: RegionKeys): Promise<Peer[]> => {
  const recent = await recentRefusals(reader);
  return peers.map((peer) => {
    const refused = (recent.get(peer.region) ?? []).map(({ what, why, times, lastAt }) => ({ what, why, times, lastAt }));
    const whys = new Set(refused.filter(({ what }) => what === 'answer').map(({ why }) => why));
    const because = `what answers in its name is not believed: ${[...whys].join(', ')} (docs/runbooks/signature_refused.md)`;
    const isUnheard = peer.link === 'cut' && whys.size > 0;
    return {
      ...peer,
      cutBecause: peer.cutBecause ?? (isUnheard ? because : null),
      signatures: { required: keys.isRequiredOf(peer.region), keys: keys.idsOf(peer.region), refused },
    };
  });
};

const protocolOf = ({ protocol_speaks: speaks, protocol_hears: hears }: PeerRow): Peer['protocol'] =>
  speaks === null || hears === null ? null : { speaks, hears, agreed: agreedProtocol(ownProtocol, { speaks, hears }) };

/** In place of why it is cut: nobody waits for it any more, and where it is back it is not believed. */
const givenUpText = ({ successor, at, by, state, waitingFor, returnedAt }: GivenUpStanding): string =>
  `given up as lost for good by ${by} at ${at}; its successor is ${successor}${state === 'inherited' ? '' : `, once ${waitingFor.join(', ')} said so, too`}${
    returnedAt === null ? '' : `; it was heard at ${returnedAt}, and nothing of it is taken in`
  }`;

/** Why a peer counts as cut, for people: no protocol in common, or a server that can't be reached or lets this region not in. */
export const causeOf = (region: string, peer: string, protocol: Peer['protocol'], problem: LinkProblem | null): string | null => {
  if (protocol && protocol.agreed === null) return protocolMismatch(region, ownProtocol, peer, protocol);
  if (!problem?.isRefused) return problem?.text ?? null;
  return `${problem.text}; or region ${peer} runs protocol 1, which has one user for all regions: roll it out`;
};

/**
 * P-GE6: alone since the last of the others fell silent. A region without peers is not alone, it is the fleet. One that has never answered says
 * nothing of when, unless none has.
 */
export const autonomousSince = (peers: readonly Pick<Peer, 'link' | 'cutSince' | 'confirmedAt'>[]): string | null => {
  if (peers.length === 0 || peers.some((p) => p.link === 'connected')) return null;
  const heard = peers.filter((p) => p.confirmedAt !== null);
  const since = (heard.length > 0 ? heard : peers).flatMap((p) => (p.cutSince === null ? [] : [Date.parse(p.cutSince)]));
  return since.length === 0 ? null : new Date(Math.max(...since)).toISOString();
};
