import { setTimeout as sleep } from 'node:timers/promises';
import type { PolicyKind } from '@lapidary/contracts/api/collections';
import type { FindingRepair, RepairRequest } from '@lapidary/contracts/api/drift';
import type { DigestRow, RowKey, RowsAnswer } from '@lapidary/contracts/digest-protocol';
import { rolledBack } from '@lapidary/db/rolled-back';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader, type Tx } from '@lapidary/db/transaction';
import { AppError, toAppError } from '@lapidary/kernel/app-error';
import { noteApart } from '../digests/known-events.js';
import { isUnknownForm, PeerDigests } from '../digests/peer-digests.js';
import { repairRow, type RowRepair } from '../digests/repair-row.js';
import type { CommandContext } from '../http/command-context.js';
import { findingSelect, type FindingRow } from './finding-rows.js';
import { noteRound } from './note-round.js';
import type { RepairDeps } from './repair-deps.js';
import { repairFleetRow } from './repair-fleet.js';
import { documentPath } from './shown-paths.js';
import { repairRoutes } from './routes/repair-routes.js';

/** Of one run. What is left is repaired by the next. */
const repairedAtOnceMax = 500;
/** Repairs must not take the database from those who write: some 50 a second. */
const pauseMs = 20;

interface Target {
  readonly finding: FindingRow;
  readonly collection: string;
  readonly kind: PolicyKind;
  readonly audience: string;
  readonly key: RowKey;
  readonly peers: readonly string[];
  readonly isCorrupt: boolean;
}

interface Turn {
  /** Regions that can be asked. What stands about the others waits for them, and takes nobody's turn. */
  readonly reachable: ReadonlySet<string>;
  readonly done: readonly string[];
  readonly limit: number;
}

/**
 * Findings of documents, of what regions tell of their fleet, and of routes that may be repaired: open, not quarantined unless they were named, the
 * oldest first. A digest that was wrong has been made anew already.
 */
const repairable = async (reader: Reader, request: RepairRequest, { limit, ...turn }: Turn): Promise<FindingRow[]> =>
  await rowsOf<FindingRow>(reader, `SELECT * ${ofRepairable} ORDER BY id LIMIT $5`, [...asked(request, turn), limit]);

const asked = ({ finding, subject }: RepairRequest, { reachable, done }: Omit<Turn, 'limit'>): unknown[] => [
  finding ?? null,
  subject ?? null,
  [...reachable],
  done,
];
const ofRepairable = `
       FROM (${findingSelect} WHERE f.resolved_at IS NULL) AS found
      WHERE state = 'open' AND kind IN ('data-digest', 'fleet-digest', 'scrub', 'route-epoch')
        AND NOT (kind = 'scrub' AND path LIKE '% digest')
        AND ($1::text IS NULL OR id = $1) AND ($2::text IS NULL OR subject = $2) AND ($1 IS NOT NULL OR quarantined_at IS NULL)
        AND ($1 IS NOT NULL OR split_part(subject, '/', 1) NOT IN ('replica', 'region') OR split_part(split_part(subject, '/', 2), '.', 1) = ANY ($3))
        AND id <> ALL ($4)`;

/** So many more could be tried of regions that are connected, after these. */
export const repairsLeft = async (
  reader: Reader,
  links: RepairDeps['links'],
  request: RepairRequest,
  done: readonly FindingRepair[],
): Promise<number> => {
  const turn = { reachable: connected(links), done: done.map((repair) => repair.finding) };
  return (await rowsOf<{ left: number }>(reader, `SELECT count(*)::int AS left ${ofRepairable}`, asked(request, turn)))[0]!.left;
};

const connected = (links: RepairDeps['links']): Set<string> =>
  new Set([...links].flatMap(([peer, link]) => (link.isConnected ? [peer] : [])));

export const hasRepairable = async (reader: Reader, links: RepairDeps['links']): Promise<boolean> =>
  (await repairable(reader, { dryRun: false }, { reachable: connected(links), done: [], limit: 1 })).length > 0;

/** Where a finding's document is, and who may have it right. Null: the finding is of no document. */
const targetOf = async (deps: RepairDeps, finding: FindingRow, reachable: ReadonlySet<string>): Promise<Target | null> => {
  const path = documentPath.exec(finding.path);
  const subject = /^(replica|collection)\/(?:([a-z0-9-]+)\.)?([a-z0-9-]+)$/.exec(finding.subject);
  if (!path || !subject) return null;
  const [kind, tenant, id] = [path[1] as PolicyKind, path[2]!, path[3]!];
  const [row] = await rowsOf<{ audience: string }>(deps.dataSource, 'SELECT document_audience($1) AS audience', [tenant]);
  const isCorrupt = subject[1] === 'collection';
  const peers = isCorrupt ? [...deps.links.keys()].filter((peer) => reachable.has(peer)) : [subject[2]!];
  return { finding, collection: subject[3]!, kind, audience: row!.audience, key: { tenant, id }, peers, isCorrupt };
};

/**
 * Fetches what the peers of the findings have, and merges it here (never overwriting); routes are fetched anew. A dry run does the same and takes it back.
 * Whether it helped, the next look says; each try counts, and after `roundsMax` a finding is quarantined. A region that does not answer is not
 * asked again in this run: others have their turn, and nothing waits for it.
 */
export const repairFindings = async (
  deps: RepairDeps,
  context: CommandContext,
  request: RepairRequest,
  signal: AbortSignal,
): Promise<FindingRepair[]> => {
  const results: FindingRepair[] = [];
  const reachable = connected(deps.links);
  for (let isAway = true; isAway && results.length < repairedAtOnceMax;) {
    const turn = { reachable, done: results.map((r) => r.finding), limit: repairedAtOnceMax - results.length };
    const before = reachable.size;
    results.push(...(await repairAll(deps, context, await repairable(deps.dataSource, request, turn), request.dryRun, reachable, signal)));
    isAway = reachable.size < before;
  }
  return results;
};

/** These findings, until a region that one of them needs does not answer: it is taken out of `reachable`, and the rest is left to the caller. */
const repairAll = async (
  deps: RepairDeps,
  context: CommandContext,
  findings: readonly FindingRow[],
  dryRun: boolean,
  reachable: Set<string>,
  signal: AbortSignal,
): Promise<FindingRepair[]> => {
  const ofRoutes = findings.filter((f) => f.kind === 'route-epoch');
  const results = await repairRoutes(deps.routes, context, ofRoutes, dryRun);
  // A placement needs its stamp: stamps come before tenants, as their names do in the alphabet.
  const ofFleet = findings.filter((f) => f.kind === 'fleet-digest').sort((a, b) => (a.path < b.path ? -1 : 1));
  const ofDocuments = findings.filter((f) => !ofRoutes.includes(f) && !ofFleet.includes(f));
  for (const finding of [...ofFleet, ...ofDocuments]) {
    signal.throwIfAborted();
    const before = reachable.size;
    const repair =
      finding.kind === 'fleet-digest'
        ? await repairFleetRow(deps, context, finding, dryRun)
        : await repairOne(deps, context, await targetOf(deps, finding, reachable), dryRun);
    for (const peer of repair.away ?? []) reachable.delete(peer);
    results.push(resultOf(finding, repair));
    if (reachable.size < before) break;
    if (!dryRun) await sleep(pauseMs, undefined, { signal });
  }
  return results;
};

/** Asks one peer after the other until one helps. However many refuse, it was one round; none where one of them only waits for something. */
const repairOne = async (deps: RepairDeps, context: CommandContext, target: Target | null, dryRun: boolean): Promise<RowRepair> => {
  if (!target) return { outcome: 'refused', why: 'it is about no document' };
  const refusals: RowRepair[] = [];
  const away: string[] = [];
  let unasked: RowRepair = { outcome: 'refused', why: 'there is no other region to take it from' };
  for (const peer of target.peers) {
    const theirs = await fetchRow(deps, peer, target).catch((error: unknown) => toAppError(error));
    if (theirs instanceof AppError && !isUnknownForm(theirs)) {
      away.push(peer);
      unasked = { outcome: 'refused', why: theirs.message };
      continue;
    }
    const repair = theirs instanceof AppError ? refusedBy(theirs) : await merge(deps, context, target, peer, theirs, dryRun);
    if (repair.outcome !== 'refused') return { ...repair, away };
    refusals.push(repair);
  }
  const refusal = refusals.find((r) => r.passes) ?? refusals.at(-1);
  if (!refusal) return { ...unasked, away };
  if (!dryRun) await inTransaction(deps.dataSource, async (tx) => noteRound(tx, context, target.finding, refusal));
  return { ...refusal, away };
};

const refusedBy = (error: unknown): RowRepair => ({ outcome: 'refused', why: toAppError(error).message });

const merge = async (
  deps: RepairDeps,
  context: CommandContext,
  target: Target,
  peer: string,
  { row, answer }: Fetched,
  dryRun: boolean,
): Promise<RowRepair> => {
  const work = async (tx: Tx): Promise<RowRepair> => {
    const repair = await repairRow(tx, deps.tools, context, peer, domainOf(target), row, target.isCorrupt);
    if (repair.outcome === 'merged' || repair.outcome === 'restored') await noteApart(tx, answer);
    if (!dryRun && repair.outcome !== 'refused') await noteRound(tx, context, target.finding, repair);
    return repair;
  };
  return await (dryRun ? rolledBack(deps.dataSource, work) : inTransaction(deps.dataSource, work)).catch(refusedBy);
};

const resultOf = ({ id, subject, path }: FindingRow, { outcome, why }: RowRepair): FindingRepair => ({
  finding: id,
  subject,
  path,
  outcome,
  why,
});

const domainOf = ({ collection, kind, audience }: Target) => ({ collection, kind, audience });

interface Fetched {
  readonly row: DigestRow;
  /** What the peer knew. */
  readonly answer: Pick<RowsAnswer, 'known' | 'apart'>;
}

const fetchRow = async ({ region, links }: RepairDeps, peer: string, target: Target): Promise<Fetched> => {
  const link = links.get(peer);
  if (!link) throw new AppError('region_unreachable', `There is no link to region ${peer}`);
  const answer = await new PeerDigests(region, peer, link).states(domainOf(target), [target.key]);
  return { row: answer.rows[0] ?? { ...target.key, digest: null, held: false }, answer };
};
