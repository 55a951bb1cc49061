import { queryOptions } from '@tanstack/react-query';
import * as paths from '@lapidary/contracts/api/paths';
import { RouteExplanationSchema } from '@lapidary/contracts/api/routing';
import { getJson } from './client.js';

/** Routers follow the directory within moments; somebody who looks here wants to see it happen. */
const routeIntervalMs = 5_000;

export interface RouteAsked {
  readonly host: string;
  readonly path: string | undefined;
  readonly region: string | undefined;
}

export const routeQuery = (asked: RouteAsked) =>
  queryOptions({
    queryKey: ['route', asked],
    queryFn: () => getJson(paths.routePath, RouteExplanationSchema, { ...asked }),
    refetchInterval: routeIntervalMs,
  });
