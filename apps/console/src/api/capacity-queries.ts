import { queryOptions } from '@tanstack/react-query';
import { CapacityOutlookSchema } from '@lapidary/contracts/api/capacity';
import * as paths from '@lapidary/contracts/api/paths';
import { getJson } from './client.js';

/** The region's leader looks some times a minute. */
const outlookIntervalMs = 15_000;

export const outlookQuery = (region: string) =>
  queryOptions({
    queryKey: ['capacity', region],
    queryFn: () => getJson(paths.capacityPath(region), CapacityOutlookSchema),
    refetchInterval: outlookIntervalMs,
  });
