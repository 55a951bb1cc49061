import { timingSafeEqual } from 'node:crypto';
import type { RegisterRequest } from '@lapidary/contracts/agent-protocol';
import type { StampView } from '@lapidary/contracts/api/stamps';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { secretDigest } from '../auth/token-digest.js';
import type { CommandContext } from '../http/command-context.js';
import { notifyCapacity } from '../regions/capacity-channel.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { recordStampChange } from './record-stamp.js';
import { stampViewOf, type StampRow } from './stamp-row.js';
import { getStamp, lockStamp } from './stamp-store.js';

/**
 * Takes a stamp's agent on: checks its token, gives a new process a new epoch (P-HB3: what an older process still
 * believes is fenced off by it), and counts the registration as a first heartbeat. The same process asking again keeps
 * its epoch. Throws not_found, unauthenticated, or not_ready while the stamp's token is not known yet.
 */
export const registerAgent = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  request: RegisterRequest,
): Promise<StampView> => {
  const row = await lockStamp(tx, request.stamp);
  if (!row || row.status === 'retired') throw new AppError('not_found', `There is no stamp ${request.stamp}`);
  assertOwnRegion(context, row.region, `stamp ${request.stamp}`);
  checkToken(row, request.token);
  const [observed]: { instance_id: string; epoch: number }[] = await tx.query(
    `SELECT instance_id, epoch FROM stamp_observation WHERE stamp = $1`,
    [request.stamp],
  );
  const isKnown = observed?.instance_id === request.instanceId && observed.epoch === row.epoch;
  const epoch = isKnown ? row.epoch : row.epoch + 1;
  await observe(tx, request, epoch, isKnown);
  if (isKnown) return stampViewOf(await getStamp(tx, request.stamp));
  await tx.query(
    `UPDATE stamp SET epoch = $2, front_doors = CASE WHEN front_doors = '{}' THEN ARRAY[$3::text] ELSE front_doors END,
            version = version + 1, updated_at = now() WHERE name = $1`,
    [request.stamp, epoch, request.frontDoor],
  );
  await notifyCapacity(tx, row.region);
  return await recordStampChange(tx, context, clock, 'lapidary.stamp.registered.v1', request.stamp, {
    epoch,
    instanceId: request.instanceId,
    agentVersion: request.agentVersion,
  });
};

/** Throws not_ready while the stamp's token is not known yet, unauthenticated for a wrong one. */
export const checkToken = (row: StampRow, token: string): void => {
  if (row.agent_token_sha256 === null) throw new AppError('not_ready', `Stamp ${row.name} is not far enough yet for its agent to register`);
  const given = Buffer.from(secretDigest(token));
  const expected = Buffer.from(row.agent_token_sha256);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new AppError('unauthenticated');
};

/** A new process starts its heartbeat sequence anew, and has yet to find its workload; the same process goes on counting. */
const observe = async (tx: Tx, request: RegisterRequest, epoch: number, isKnown: boolean): Promise<void> => {
  await tx.query(
    `INSERT INTO stamp_observation AS o (stamp, instance_id, epoch, last_heartbeat_at, front_door, workload_version, agent_version)
     VALUES ($1, $2, $3, clock_timestamp(), $4, $5, $6)
     ON CONFLICT (stamp) DO UPDATE SET instance_id = excluded.instance_id, epoch = excluded.epoch,
       sequence = CASE WHEN $7 THEN o.sequence ELSE 0 END,
       workload_silent_since = CASE WHEN $7 THEN o.workload_silent_since END, last_heartbeat_at = excluded.last_heartbeat_at, front_door = excluded.front_door,
       workload_version = excluded.workload_version, agent_version = excluded.agent_version`,
    [request.stamp, request.instanceId, epoch, request.frontDoor, request.workloadVersion, request.agentVersion, isKnown],
  );
};
