import { addToRoot, formatRoot } from '@lapidary/contracts/directory-digest';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { readDigest } from '../../directory/directory-sum.js';
import { performRun, type RunDeps } from '../perform-run.js';
import { routeEpochSensor } from '../sensors/route-epoch.js';
import { ownBuckets } from './own-routes.js';
import type { RouteReplicaFacts } from './replica-fleet.js';

/** Summing up costs the database some 1.5 µs an entry and replica; a look at a million entries takes a router seconds. */
const everyMs = 60_000;

/**
 * Replicas whose last heartbeat says something else than the rows do, at a position that covers them: for a router its cursor is
 * the newest that was published, for an agent its list is newer than all that concerns its stamp. Anything else is on its way.
 */
export const disagreeing = async (reader: Reader, replicas: readonly RouteReplicaFacts[]): Promise<RouteReplicaFacts[]> => {
  const own = await readDigest(reader);
  const list: RouteReplicaFacts[] = [];
  for (const replica of replicas) {
    const { digest } = replica;
    if (!digest || replica.away !== null) continue;
    if (replica.of === 'router') {
      const isCovered = digest.generation === own.generation && digest.cursor === own.cursor;
      if (isCovered && (digest.count !== own.count || digest.root !== own.root)) list.push(replica);
    } else if (await agentDisagrees(reader, replica.name, digest)) list.push(replica);
  }
  return list;
};

const agentDisagrees = async (reader: Reader, stamp: string, digest: NonNullable<RouteReplicaFacts['digest']>): Promise<boolean> => {
  const [newest] = await rowsOf<{ covered: boolean }>(
    reader,
    `SELECT NOT EXISTS (SELECT 1 FROM directory_entry WHERE (stamp = $1 OR previous_stamp = $1) AND (cursor IS NULL OR cursor > $2)) AS covered`,
    [stamp, digest.cursor],
  );
  if (!newest?.covered) return false;
  const buckets = await ownBuckets(reader, { of: 'agent', stamp });
  const count = buckets.reduce((sum, b) => sum + b.count, 0);
  const root = formatRoot(buckets.reduce((sum, b) => addToRoot(sum, BigInt(`0x${b.root}`)), 0n));
  return digest.count !== count || digest.root !== root;
};

/** Heartbeats say whether routes differ; this looks which, without waiting for the next run. */
export class RouteWatch {
  private checkedAtMs = 0;

  /** True where it has looked. */
  async lookWhereDue(deps: RunDeps, signal: AbortSignal): Promise<boolean> {
    const nowMs = Date.now();
    if (nowMs - this.checkedAtMs < everyMs) return false;
    this.checkedAtMs = nowMs;
    if ((await disagreeing(deps.dataSource, await deps.world.routeReplicas())).length === 0) return false;
    await performRun({ ...deps, sensors: [routeEpochSensor] }, { stamp: null }, signal);
    return true;
  }
}
