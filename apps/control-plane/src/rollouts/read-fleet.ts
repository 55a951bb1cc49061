import { openRolloutStatuses, type RolloutView } from '@lapidary/contracts/api/rollouts';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { notGivenUp } from '../stamps/given-up-rollouts.js';
import type { FleetStamp } from './rollout-state.js';

/** Stamps of all regions as this one knows them, with the version of what is rolled out. */
export const readFleet = async (reader: Reader, kind: RolloutView['kind']): Promise<FleetStamp[]> =>
  await rowsOf<FleetStamp>(
    reader,
    `SELECT name, region, ring, status, ${kind === 'workload' ? 'workload_version' : 'template_version'} AS version, held_by_rollout AS "heldBy"
       FROM stamp WHERE status <> 'retired' ORDER BY name`,
  );

/** Roll-outs that other regions carry on, as their events have told; without those that were given up (GU4). */
export const openElsewhere = async (reader: Reader): Promise<string[]> =>
  (
    await rowsOf<{ id: string }>(reader, `SELECT r.id FROM rollout_replica r WHERE view->>'status' = ANY($1) AND ${notGivenUp('r.id')}`, [
      openRolloutStatuses,
    ])
  ).map(({ id }) => id);
