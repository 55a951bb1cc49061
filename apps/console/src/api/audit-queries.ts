import { infiniteQueryOptions } from '@tanstack/react-query';
import * as paths from '@lapidary/contracts/api/paths';
import { AuditPageSchema, ChainReportSchema, type ChainReport } from '@lapidary/contracts/api/system';
import { getJson } from './client.js';

/** Events bring most rows at once; sessions, tokens and what is refused tell consoles nothing. */
const auditIntervalMs = 10_000;
const pageLimit = 50;
/** It reads every row there is, some ten thousand in a second. */
const verifyTimeoutMs = 300_000;

export const auditKey = 'audit';
const hourMs = 3_600_000;

export interface AuditFilter {
  readonly region?: string | undefined;
  readonly subject?: string | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  /** How far back; it goes along with the clock. */
  readonly sinceHours?: number | undefined;
}

export const auditQuery = ({ sinceHours, ...filter }: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: [auditKey, filter, sinceHours],
    queryFn: ({ pageParam }) => {
      const since = sinceHours === undefined ? undefined : new Date(Date.now() - sinceHours * hourMs).toISOString();
      return getJson(paths.auditPath, AuditPageSchema, { ...filter, since, limit: pageLimit, cursor: pageParam });
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: auditIntervalMs,
  });

export const verifyChain = (region: string | undefined): Promise<ChainReport> =>
  getJson(paths.auditVerifyPath, ChainReportSchema, { region }, verifyTimeoutMs);
