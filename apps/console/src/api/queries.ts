import { queryOptions } from '@tanstack/react-query';
import { DriftStatusSchema, DriftTrendSchema, FindingPageSchema, FindingSchema } from '@lapidary/contracts/api/drift';
import { IntentPageSchema } from '@lapidary/contracts/api/intents';
import { JobEventsSchema, JobPageSchema, type JobEvents } from '@lapidary/contracts/api/jobs';
import * as paths from '@lapidary/contracts/api/paths';
import { pageLimitMax } from '@lapidary/contracts/api/common';
import { byWeight } from '@lapidary/contracts/api/drift-order';
import { RegionPageSchema } from '@lapidary/contracts/api/regions';
import { RolloutEventsSchema, RolloutPageSchema, RolloutSchema } from '@lapidary/contracts/api/rollouts';
import { StampPageSchema } from '@lapidary/contracts/api/stamps';
import { ExplanationSchema, TenantPageSchema, type TenantView } from '@lapidary/contracts/api/tenants';
import { z } from 'zod';
import { getJson } from './client.js';

/** Health and link states change without an event: they come from heartbeats. */
const observedIntervalMs = 5_000;
/** More rows than this are searched with the command line rather than by eye. */
export const tenantsMax = 5_000;
export const jobsShown = 20;

/** Who the session cookie belongs to. */
export const SessionSchema = z.object({ actor: z.string(), region: z.string() });
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: () => getJson(paths.sessionPath, SessionSchema),
  staleTime: Infinity,
  retry: false,
});

export const regionsQuery = queryOptions({
  queryKey: ['regions'],
  queryFn: async () => (await getJson(paths.regionsPath, RegionPageSchema)).items,
  refetchInterval: observedIntervalMs,
});

/** Open ones. A day of them is searched with the command line. */
export const intentsQuery = queryOptions({
  queryKey: ['intents'],
  queryFn: async () => (await getJson(paths.intentsPath, IntentPageSchema, { limit: jobsShown })).items,
  refetchInterval: observedIntervalMs,
});

export const stampsQuery = queryOptions({
  queryKey: ['stamps'],
  queryFn: async () => (await getJson(paths.stampsPath, StampPageSchema, { limit: pageLimitMax })).items,
  refetchInterval: observedIntervalMs,
});

export interface TenantList {
  readonly items: readonly TenantView[];
  /** There are more than are loaded. */
  readonly truncated: boolean;
}

export const tenantsQuery = queryOptions({
  queryKey: ['tenants'],
  queryFn: async (): Promise<TenantList> => {
    const items: TenantView[] = [];
    let cursor: string | undefined;
    do {
      const page = await getJson(paths.tenantsPath, TenantPageSchema, { limit: pageLimitMax, cursor });
      items.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined && items.length < tenantsMax);
    return { items, truncated: cursor !== undefined };
  },
});

export const jobsQuery = queryOptions({
  queryKey: ['jobs'],
  queryFn: async () => (await getJson(paths.jobsPath, JobPageSchema, { limit: jobsShown })).items,
});

/** Of another region. Its jobs tell nothing here: they are asked for as often as what it observes. */
export const jobsElsewhereQuery = (region: string) =>
  queryOptions({
    queryKey: ['jobs-elsewhere', region],
    queryFn: async () => (await getJson(paths.jobsPath, JobPageSchema, { region, limit: jobsShown })).items,
    refetchInterval: observedIntervalMs,
  });

export const jobEventsQuery = (id: string) =>
  queryOptions({ queryKey: ['job-events', id], queryFn: (): Promise<JobEvents> => getJson(paths.jobEventsPath(id), JobEventsSchema) });

export const explanationQuery = (id: string) =>
  queryOptions({ queryKey: ['explanation', id], queryFn: () => getJson(paths.tenantExplainPath(id), ExplanationSchema) });

const rolloutsShown = 50;
export const rolloutsQuery = queryOptions({
  queryKey: ['rollouts'],
  queryFn: async () => (await getJson(paths.rolloutsPath, RolloutPageSchema, { limit: rolloutsShown })).items,
});

export const rolloutQuery = (id: string) =>
  queryOptions({ queryKey: ['rollout', id], queryFn: () => getJson(paths.rolloutPath(id), RolloutSchema) });

export const rolloutEventsQuery = (id: string) =>
  queryOptions({
    queryKey: ['rollout-events', id],
    queryFn: async () => (await getJson(paths.rolloutEventsPath(id), RolloutEventsSchema)).items,
  });

/** Findings come with events; a look that found nothing does not. */
const driftIntervalMs = 10_000;
export const driftStatusQuery = (region: string | undefined) =>
  queryOptions({
    queryKey: ['drift', 'status', region],
    queryFn: () => getJson(paths.driftPath, DriftStatusSchema, { region }),
    refetchInterval: driftIntervalMs,
  });

export const driftTrendQuery = (days: number, region: string | undefined) =>
  queryOptions({
    queryKey: ['drift', 'trend', days, region],
    queryFn: () => getJson(paths.driftTrendPath, DriftTrendSchema, { days, region }),
    refetchInterval: 6 * driftIntervalMs,
  });

interface FindingFilter {
  readonly region?: string | undefined;
  readonly state?: string | undefined;
  readonly kind?: string | undefined;
}

export const findingsQuery = (filter: FindingFilter) =>
  queryOptions({
    queryKey: ['drift', 'findings', filter],
    queryFn: async () => {
      const pageOf = (severity?: string) =>
        getJson(paths.driftFindingsPath, FindingPageSchema, {
          ...filter,
          ...(severity === undefined ? {} : { severity }),
          limit: pageLimitMax,
        });
      const newest = await pageOf();
      if (newest.next === null) return { items: [...newest.items].sort(byWeight), isCut: false };
      // Pages hold the newest first: the worst must not be among those that are left out.
      const worst = [...(await pageOf('critical')).items, ...newest.items];
      return { items: [...new Map(worst.map((f) => [f.id, f])).values()].sort(byWeight), isCut: true };
    },
    refetchInterval: driftIntervalMs,
  });

export const findingQuery = (id: string) =>
  queryOptions({ queryKey: ['drift', 'finding', id], queryFn: () => getJson(paths.driftFindingPath(id), FindingSchema) });
