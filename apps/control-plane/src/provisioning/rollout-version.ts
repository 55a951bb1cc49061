import type { versionSources } from '@lapidary/contracts/api/provisioning';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { regionOfStamp } from '@lapidary/kernel/names';
import type { ResolvedSpec } from './spec-files.js';
import type { SpecOverrides } from './spec-merge.js';

/**
 * The version that roll-outs gave a stamp. One that is new begins with the version that its fleet is being brought to:
 * it would else be behind from its first day, and the roll-out that is under way would pass it by (P-ST8). Null: no
 * roll-out has said anything; the stamp's file or the defaults decide.
 */
export const rolloutVersionOf = async (reader: Reader, name: string): Promise<string | null> => {
  const [stamp] = await rowsOf<{ rollout_version: string | null; status: string }>(
    reader,
    'SELECT rollout_version, status FROM stamp WHERE name = $1',
    [name],
  );
  if (stamp && (stamp.rollout_version !== null || stamp.status === 'active')) return stamp.rollout_version;
  const [last] = await rowsOf<{ target: string }>(
    reader,
    `SELECT target FROM (
       SELECT created_at, status, kind, target, regions FROM rollout
       UNION ALL
       SELECT created_at, view->>'status', view->>'kind', view->>'target', ARRAY(SELECT jsonb_array_elements_text(view->'regions')) FROM rollout_replica
     ) r WHERE kind = 'workload' AND status IN ('running', 'paused', 'completed') AND $1 = ANY (regions)
     ORDER BY created_at DESC LIMIT 1`,
    [regionOfStamp(name)],
  );
  return last?.target ?? null;
};

export const versionLayer = (version: string | null): SpecOverrides => (version === null ? {} : { workload: { version } });

/** Which layer the version comes from. What was asked for once before counts only while no roll-out has spoken since. */
export const versionSourceOf = (
  resolved: ResolvedSpec,
  layers: { readonly earlier: SpecOverrides; readonly rolled: SpecOverrides; readonly asked: SpecOverrides },
): (typeof versionSources)[number] => {
  if (layers.asked.workload) return 'asked';
  if (layers.rolled.workload) return 'roll-out';
  return resolved.source === 'defaults' && layers.earlier.workload ? 'asked' : resolved.versionFrom;
};

/** A stamp that begins with the fleet's version keeps it until the next roll-out. */
export const keepRolloutVersion = async (tx: Tx, name: string, version: string): Promise<void> => {
  await tx.query('UPDATE stamp SET rollout_version = $2 WHERE name = $1 AND rollout_version IS NULL', [name, version]);
};
