import type { StampView } from '@lapidary/contracts/api/stamps';
import type { StampOutputs } from '@lapidary/contracts/provisioner-protocol';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { nextState } from '@lapidary/kernel/transition-table';
import type { CommandContext } from '../http/command-context.js';
import { notifyCapacity } from '../regions/capacity-channel.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { recordStampChange } from './record-stamp.js';
import type { StampRow } from './stamp-row.js';
import { stampTransitions } from './stamp-states.js';
import { lockStamp } from './stamp-store.js';

/**
 * Keeps what the template made, without serving yet: with it the stamp's agent can register (its token is known) and
 * the job can wait for it. Doing it again with the same outputs changes nothing.
 */
export const recordStampOutputs = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  name: string,
  outputs: StampOutputs,
): Promise<StampView> => {
  await lockOwn(tx, context, name);
  await writeOutputs(tx, name, outputs);
  return await recordStampChange(tx, context, clock, 'lapidary.stamp.updated.v1', name, publicOutputs(outputs));
};

/** The stamp serves: it takes tenants from now on, and those that wait for room are told. */
export const activateStamp = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  name: string,
  outputs: StampOutputs,
): Promise<StampView> => {
  const row = await lockOwn(tx, context, name);
  const status = nextState(stampTransitions, row.status, 'activate');
  await writeOutputs(tx, name, outputs);
  await tx.query(`UPDATE stamp SET status = $2, workload_version = spec->'workload'->>'version' WHERE name = $1`, [name, status]);
  await notifyCapacity(tx, row.region);
  return await recordStampChange(tx, context, clock, 'lapidary.stamp.activated.v1', name, { from: row.status, ...publicOutputs(outputs) });
};

/** Building stopped at an error. A stamp that serves goes on serving. */
export const failStamp = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  name: string,
  why: string,
): Promise<StampView> => {
  const row = await lockOwn(tx, context, name);
  const status = nextState(stampTransitions, row.status, 'fail');
  await tx.query(`UPDATE stamp SET status = $2, version = version + 1, updated_at = now() WHERE name = $1`, [name, status]);
  return await recordStampChange(tx, context, clock, 'lapidary.stamp.failed.v1', name, { from: row.status, to: status, why });
};

const lockOwn = async (tx: Tx, context: CommandContext, name: string): Promise<StampRow> => {
  const row = await lockStamp(tx, name);
  if (!row) throw new AppError('not_found', `There is no stamp ${name}`);
  assertOwnRegion(context, row.region, `stamp ${name}`);
  return row;
};

const writeOutputs = async (tx: Tx, name: string, outputs: StampOutputs): Promise<void> => {
  await tx.query(
    `UPDATE stamp SET front_doors = $2, agent_token_sha256 = $3, template_version = $4, graph_digest = $5, version = version + 1,
            updated_at = now() WHERE name = $1`,
    [name, outputs.frontDoors, outputs.agentTokenSha256, outputs.templateVersion, outputs.graphDigest],
  );
};

const publicOutputs = (outputs: StampOutputs): Record<string, unknown> => ({
  frontDoors: outputs.frontDoors,
  templateVersion: outputs.templateVersion,
  graphDigest: outputs.graphDigest,
});
