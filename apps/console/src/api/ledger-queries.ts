import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import * as paths from '@lapidary/contracts/api/paths';
import {
  ConflictCountsSchema,
  ConflictPageSchema,
  ConflictSchema,
  EventDeadLetterDetailSchema,
  EventDeadLetterPageSchema,
  EventDeadLetterSchema,
  ReplayResultSchema,
  type EventDeadLetterView,
  type ReplayResult,
} from '@lapidary/contracts/api/replication';
import { getJson, postJson } from './client.js';

/** No event tells consoles of conflicts and dead letters. */
const ledgerIntervalMs = 10_000;
const pageLimit = 50;

export const conflictCountsQuery = (region: string | undefined) =>
  queryOptions({
    queryKey: ['conflicts', 'counts', region],
    queryFn: async () => (await getJson(paths.conflictCountsPath, ConflictCountsSchema, { region })).items,
    refetchInterval: ledgerIntervalMs,
  });

interface ConflictFilter {
  readonly region?: string | undefined;
  readonly collection?: string | undefined;
  readonly tenant?: string | undefined;
}

export const conflictsQuery = (filter: ConflictFilter) =>
  infiniteQueryOptions({
    queryKey: ['conflicts', 'list', filter],
    queryFn: ({ pageParam }) => getJson(paths.conflictsPath, ConflictPageSchema, { ...filter, limit: pageLimit, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });

export const conflictQuery = (id: string, region: string | undefined) =>
  queryOptions({
    queryKey: ['conflicts', 'one', id, region],
    queryFn: () => getJson(paths.conflictPath(id), ConflictSchema, { region }),
  });

export interface LetterFilter {
  readonly region?: string | undefined;
  readonly state?: string | undefined;
  readonly origin?: string | undefined;
}

export const lettersQuery = (filter: LetterFilter) =>
  infiniteQueryOptions({
    queryKey: ['letters', 'list', filter],
    queryFn: ({ pageParam }) =>
      getJson(paths.eventDeadLettersPath, EventDeadLetterPageSchema, { ...filter, limit: pageLimit, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: ledgerIntervalMs,
  });

export const letterQuery = (id: string) =>
  queryOptions({ queryKey: ['letters', 'one', id], queryFn: () => getJson(paths.eventDeadLetterPath(id), EventDeadLetterDetailSchema) });

/** A dry run applies it, says what came of it, and takes it back. */
export const replayLetter = (id: string, dryRun: boolean): Promise<ReplayResult> =>
  postJson(`${paths.eventDeadLetterReplayPath(id)}?dryRun=${dryRun}`, ReplayResultSchema, undefined);
export const dropLetter = (id: string, reason: string): Promise<EventDeadLetterView> =>
  postJson(paths.eventDeadLetterDropPath(id), EventDeadLetterSchema, { reason });
