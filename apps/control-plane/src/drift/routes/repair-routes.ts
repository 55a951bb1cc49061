import type { FindingRepair } from '@lapidary/contracts/api/drift';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { toAppError } from '@lapidary/kernel/app-error';
import { recordStampRoute, recordTenantRoute } from '../../directory/record-route.js';
import type { CommandContext } from '../../http/command-context.js';
import { stampRouteOf } from '../../stamps/stamp-row.js';
import { getStamp } from '../../stamps/stamp-store.js';
import { tenantRouteOf } from '../../tenants/tenant-row.js';
import { getTenant } from '../../tenants/tenant-store.js';
import type { FindingRow } from '../finding-rows.js';
import { noteRound, type RepairResult } from '../note-round.js';
import { rolledBack } from '@lapidary/db/rolled-back';
import { directorySubject, replicaSubject } from '../sensors/route-epoch.js';
import { refreshReplica, type RouteTools } from './compare-routes.js';
import type { RouteReplicaFacts } from './replica-fleet.js';

export interface RouteRepairDeps extends RouteTools {
  readonly replicas: () => Promise<readonly RouteReplicaFacts[]>;
}

/**
 * Routes have one writer, so a repair is never a merge: a router or an agent fetches everything anew, once however many routes of it
 * differ, and an entry of the directory is written as its placement says. A dry run asks nobody.
 */
export const repairRoutes = async (
  deps: RouteRepairDeps,
  context: CommandContext,
  findings: readonly FindingRow[],
  dryRun: boolean,
): Promise<FindingRepair[]> => {
  const results: FindingRepair[] = [];
  const replicas = findings.length === 0 ? [] : await deps.replicas();
  for (const subject of new Set(findings.map((f) => f.subject))) {
    const own = findings.filter((f) => f.subject === subject);
    if (subject === directorySubject(deps.region)) {
      for (const finding of own) results.push(resultOf(finding, await rewrite(deps, context, finding, dryRun)));
      continue;
    }
    const replica = replicas.find((r) => replicaSubject(r) === subject);
    const result = await refresh(deps, replica, dryRun);
    if (!dryRun)
      await inTransaction(deps.dataSource, async (tx) => {
        for (const finding of own) await noteRound(tx, context, finding, result);
      });
    results.push(...own.map((finding) => resultOf(finding, result)));
  }
  return results;
};

type Result = RepairResult & { readonly outcome: FindingRepair['outcome'] };

const resultOf = ({ id, subject, path }: FindingRow, { outcome, why }: Result): FindingRepair => ({
  finding: id,
  subject,
  path,
  outcome,
  why,
});

const refresh = async (deps: RouteRepairDeps, replica: RouteReplicaFacts | undefined, dryRun: boolean): Promise<Result> => {
  if (!replica) return { outcome: 'refused', why: 'it is not heard any more' };
  if (dryRun) return { outcome: 'refreshed', why: 'it would be asked to fetch everything anew' };
  try {
    await refreshReplica(deps, replica);
    return { outcome: 'refreshed', why: null };
  } catch (error) {
    return { outcome: 'refused', why: toAppError(error).message };
  }
};

const rewrite = async (deps: RouteRepairDeps, context: CommandContext, finding: FindingRow, dryRun: boolean): Promise<Result> => {
  const work = async (tx: Tx): Promise<Result> => {
    await rewriteEntry(tx, deps.region, finding.path);
    const result: Result = { outcome: 'restored', why: null };
    if (!dryRun) await noteRound(tx, context, finding, result);
    return result;
  };
  try {
    return await (dryRun ? rolledBack(deps.dataSource, work) : inTransaction(deps.dataSource, work));
  } catch (error) {
    return { outcome: 'refused', why: toAppError(error).message };
  }
};

const rewriteEntry = async (tx: Tx, region: string, key: string): Promise<void> => {
  const name = key.slice(key.indexOf('/') + 1);
  if (key.startsWith('stamp/')) return recordStampRoute(tx, stampRouteOf(await getStamp(tx, name)));
  const row = await getTenant(tx, name);
  await recordTenantRoute(tx, tenantRouteOf(row), row.home_region === region && row.status === 'placed' ? row.stamp : null);
};
