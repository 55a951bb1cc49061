import { setTimeout as sleep } from 'node:timers/promises';
import type { PolicyKind } from '@lapidary/contracts/api/collections';
import type { FindingRepair, RepairRequest } from '@lapidary/contracts/api/drift';
import type { DigestRow, RowKey } from '@lapidary/contracts/digest-protocol';
import { rolledBack } from '@lapidary/db/rolled-back';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Reader, type Tx } from '@lapidary/db/transaction';
import { toAppError } from '@lapidary/kernel/app-error';
import { PeerDigests } from '../digests/peer-digests.js';
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

/** Findings of documents, of what regions tell of their fleet, and of routes that may be repaired: open, not quarantined unless they were named, the oldest first. */
const repairable = async (reader: Reader, { finding, subject }: RepairRequest): Promise<FindingRow[]> =>
  await rowsOf<FindingRow>(
    reader,
    `SELECT * FROM (${findingSelect}) AS found WHERE state = 'open' AND kind IN ('data-digest', 'fleet-digest', 'scrub', 'route-epoch')
        AND ($1::text IS NULL OR id = $1) AND ($2::text IS NULL OR subject = $2) AND ($1 IS NOT NULL OR quarantined_at IS NULL)
      ORDER BY id LIMIT $3`,
    [finding ?? null, subject ?? null, repairedAtOnceMax],
  );

export const hasRepairable = async (reader: Reader): Promise<boolean> => (await repairable(reader, { dryRun: false })).length > 0;

/** Where a finding's document is, and who may have it right. Null: the finding is of no document. */
const targetOf = async (deps: RepairDeps, finding: FindingRow): Promise<Target | null> => {
  const path = documentPath.exec(finding.path);
  const subject = /^(replica|collection)\/(?:([a-z0-9-]+)\.)?([a-z0-9-]+)$/.exec(finding.subject);
  if (!path || !subject) return null;
  const [kind, tenant, id] = [path[1] as PolicyKind, path[2]!, path[3]!];
  const [row] = await rowsOf<{ audience: string }>(deps.dataSource, 'SELECT document_audience($1) AS audience', [tenant]);
  const isCorrupt = subject[1] === 'collection';
  const peers = isCorrupt ? [...deps.links.keys()] : [subject[2]!];
  return { finding, collection: subject[3]!, kind, audience: row!.audience, key: { tenant, id }, peers, isCorrupt };
};

/**
 * Fetches what the peers of the findings have, and merges it here (never overwriting); routes are fetched anew. A dry run does the same and takes it back.
 * Whether it helped, the next look says; each try counts, and after `roundsMax` a finding is quarantined.
 */
export const repairFindings = async (
  deps: RepairDeps,
  context: CommandContext,
  request: RepairRequest,
  signal: AbortSignal,
): Promise<FindingRepair[]> => {
  const findings = await repairable(deps.dataSource, request);
  const ofRoutes = findings.filter((f) => f.kind === 'route-epoch');
  const results = await repairRoutes(deps.routes, context, ofRoutes, request.dryRun);
  // A placement needs its stamp: stamps come before tenants, as their names do in the alphabet.
  const ofFleet = findings.filter((f) => f.kind === 'fleet-digest').sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const finding of ofFleet) {
    signal.throwIfAborted();
    results.push(resultOf(finding, await repairFleetRow(deps, context, finding, request.dryRun)));
    if (!request.dryRun) await sleep(pauseMs, undefined, { signal });
  }
  for (const finding of findings.filter((f) => !ofRoutes.includes(f) && !ofFleet.includes(f))) {
    signal.throwIfAborted();
    const target = await targetOf(deps, finding);
    if (!target) continue;
    results.push(resultOf(finding, await repairOne(deps, context, target, request.dryRun)));
    if (!request.dryRun) await sleep(pauseMs, undefined, { signal });
  }
  return results;
};

/** Asks one peer after the other until one helps. However many refuse, it was one round; none where one of them only waits for something. */
const repairOne = async (deps: RepairDeps, context: CommandContext, target: Target, dryRun: boolean): Promise<RowRepair> => {
  const refusals: RowRepair[] = [];
  let last: RowRepair = { outcome: 'refused', why: 'there is no other region to take it from' };
  for (const peer of target.peers) {
    try {
      const theirs = await fetchRow(deps, peer, target);
      const work = async (tx: Tx): Promise<RowRepair> => {
        const repair = await repairRow(tx, deps.tools, context, peer, domainOf(target), theirs, target.isCorrupt);
        if (!dryRun && repair.outcome !== 'refused') await noteRound(tx, context, target.finding, repair);
        return repair;
      };
      last = dryRun ? await rolledBack(deps.dataSource, work) : await inTransaction(deps.dataSource, work);
      if (last.outcome !== 'refused') return last;
      refusals.push(last);
    } catch (error) {
      last = { outcome: 'refused', why: toAppError(error).message };
    }
  }
  const refusal = refusals.find((r) => r.passes) ?? refusals.at(-1);
  if (!refusal) return last;
  if (!dryRun) await inTransaction(deps.dataSource, async (tx) => noteRound(tx, context, target.finding, refusal));
  return refusal;
};

const resultOf = ({ id, subject, path }: FindingRow, { outcome, why }: RowRepair): FindingRepair => ({
  finding: id,
  subject,
  path,
  outcome,
  why,
});

const domainOf = ({ collection, kind, audience }: Target) => ({ collection, kind, audience });

const fetchRow = async ({ region, links }: RepairDeps, peer: string, target: Target): Promise<DigestRow> => {
  const link = links.get(peer);
  if (!link) throw new Error(`there is no link to region ${peer}`);
  const { rows } = await new PeerDigests(region, peer, link).states(domainOf(target), [target.key]);
  return rows[0] ?? { ...target.key, digest: null, held: false };
};
