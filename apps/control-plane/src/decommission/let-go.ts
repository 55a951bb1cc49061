import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshObservation } from '../provisioning/stamp-readiness.js';
import { pollMs } from './decommission-limits.js';

/** Whether the stamp's own agent says that it holds nobody. */
export type LetGo = 'empty' | 'silent';

/**
 * Waits until the agent holds no tenant any more: the directory tells it to drop those that left, and it answers. An agent
 * that is silent holds what it holds until its process ends with the stamp; it can't be waited for.
 */
export const untilLetGo = async (
  reader: Reader,
  stamp: string,
  heartbeatMs: number,
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<LetGo> => {
  const look = async (): Promise<LetGo | undefined> => {
    if ((await freshObservation(reader, stamp, heartbeatMs)) === undefined) return 'silent';
    const [row] = await rowsOf<{ held: number; leaving: number }>(
      reader,
      `SELECT (SELECT held_count FROM stamp_observation WHERE stamp = $1) AS held,
              (SELECT count(*)::int FROM directory_entry WHERE previous_stamp = $1) AS leaving`,
      [stamp],
    );
    return (row?.held ?? 0) === 0 && (row?.leaving ?? 0) === 0 ? 'empty' : undefined;
  };
  return await waitFor(`the agent of ${stamp} to let go of its last tenants`, look, { ...options, intervalMs: pollMs });
};
