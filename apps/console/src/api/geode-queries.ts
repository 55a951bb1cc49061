import { queryOptions } from '@tanstack/react-query';
import { GivenUpRegionSchema, type GivenUpRegion, type GiveUpRegion } from '@lapidary/contracts/api/given-up-regions';
import * as paths from '@lapidary/contracts/api/paths';
import { RecoveryActSchema, type RecoveryAct } from '@lapidary/contracts/api/recovery';
import { GeodeSchema } from '@lapidary/contracts/api/replication';
import { getJson, postJson } from './client.js';

/** Links and lag change without an event: they come from heartbeats. */
const geodeIntervalMs = 5_000;

export const geodesKey = ['geodes'] as const;
/** Waits where it is not known yet which region answers. */
export const geodeQuery = (region: string | undefined) =>
  queryOptions({
    queryKey: [...geodesKey, region],
    queryFn: () => getJson(paths.geodePath, GeodeSchema, { region }),
    refetchInterval: geodeIntervalMs,
    enabled: region !== undefined,
  });

export const openGeode = (without: readonly string[], reason: string): Promise<RecoveryAct> =>
  postJson(paths.geodeOpenPath, RecoveryActSchema, { without, reason });
export const reseedGeode = (reason: string): Promise<RecoveryAct> => postJson(paths.geodeReseedPath, RecoveryActSchema, { reason });
export const giveUpRegion = (region: string, body: GiveUpRegion): Promise<GivenUpRegion> =>
  postJson(paths.regionGiveUpPath(region), GivenUpRegionSchema, body);
