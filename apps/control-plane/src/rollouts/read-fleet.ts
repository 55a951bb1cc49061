import type { RolloutView } from '@lapidary/contracts/api/rollouts';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import type { FleetStamp } from './rollout-state.js';

/** Stamps of all regions as this one knows them, with the version of what is rolled out. */
export const readFleet = async (reader: Reader, kind: RolloutView['kind']): Promise<FleetStamp[]> =>
  await rowsOf<FleetStamp>(
    reader,
    `SELECT name, region, ring, status, ${kind === 'workload' ? 'workload_version' : 'template_version'} AS version, held_by_rollout AS "heldBy"
       FROM stamp WHERE status <> 'retired' ORDER BY name`,
  );
