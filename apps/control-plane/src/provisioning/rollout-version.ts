import type { versionSources } from '@lapidary/contracts/api/provisioning';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { regionOfStamp } from '@lapidary/kernel/names';
import { notGivenUp } from '../stamps/given-up-rollouts.js';
import type { ResolvedSpec } from './spec-files.js';
import type { SpecOverrides } from './spec-merge.js';

/** Where a stamp keeps what roll-outs of a kind gave it. */
const columnOf = { workload: 'rollout_version', template: 'rollout_template' } as const;
type Kind = keyof typeof columnOf;

/**
 * The version that roll-outs gave a stamp. One that is new begins with the version that its fleet is being brought to:
 * it would else be behind from its first day, and the roll-out that is under way would pass it by (P-ST8). Null: no
 * roll-out has said anything; of the workload the stamp's file or the defaults decide, of the template what is installed.
 */
export const rolloutVersionOf = async (reader: Reader, name: string, kind: Kind): Promise<string | null> => {
  const [stamp] = await rowsOf<{ rolled: string | null; status: string }>(
    reader,
    `SELECT ${columnOf[kind]} AS rolled, status FROM stamp WHERE name = $1`,
    [name],
  );
  if (stamp && (stamp.rolled !== null || stamp.status === 'active')) return stamp.rolled;
  const [last] = await rowsOf<{ target: string }>(
    reader,
    `SELECT target FROM (
       SELECT created_at, status, kind, target, regions FROM rollout
       UNION ALL
       SELECT created_at, view->>'status', view->>'kind', view->>'target', ARRAY(SELECT jsonb_array_elements_text(view->'regions')) FROM rollout_replica c
        WHERE ${notGivenUp('c.id')}
     ) r WHERE kind = $2 AND status IN ('running', 'paused', 'completed') AND $1 = ANY (regions)
     ORDER BY created_at DESC LIMIT 1`,
    [regionOfStamp(name), kind],
  );
  return last?.target ?? null;
};

/**
 * The template that a stamp is rendered from; null: the newest that is installed. Once templates are rolled out at all, a stamp that serves
 * moves to another one by a roll-out only: a template that was halted must not reach the others by the next change of their size.
 */
export const templateVersionOf = async (reader: Reader, name: string): Promise<string | null> => {
  const rolled = await rolloutVersionOf(reader, name, 'template');
  if (rolled !== null) return rolled;
  const [stamp] = await rowsOf<{ present: string | null }>(
    reader,
    `SELECT template_version AS present FROM stamp WHERE name = $1 AND status = 'active'
        AND (EXISTS (SELECT 1 FROM rollout WHERE kind = 'template') OR EXISTS (SELECT 1 FROM rollout_replica WHERE view->>'kind' = 'template'))`,
    [name],
  );
  return stamp?.present ?? null;
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
export const keepRolloutVersion = async (tx: Tx, name: string, kind: Kind, version: string): Promise<void> => {
  const column = columnOf[kind];
  await tx.query(`UPDATE stamp SET ${column} = $2 WHERE name = $1 AND ${column} IS NULL`, [name, version]);
};
