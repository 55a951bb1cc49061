import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { JobEvents } from '@lapidary/contracts/api/jobs';
import type { LiveEvent } from '@lapidary/contracts/api/system';
import { auditKey } from '../api/audit-queries.js';
import { jobEventsQuery, jobsQuery, rolloutQuery, rolloutsQuery, stampsQuery, tenantsQuery } from '../api/queries.js';
import { newerRollout, patchOf, withRollout } from './apply-event.js';
import { LiveConnection, type LiveState } from './live-connection.js';

/** A burst of events reads the sums again once, not once per event. */
const staleDelayMs = 400;

/** Keeps the query cache in step with the event stream for as long as the page is open. */
export const useLive = (): LiveState => {
  const queries = useQueryClient();
  const [connection] = useState(() => {
    const refresh = refresher(queries);
    return new LiveConnection({ onEvent: (event) => apply(queries, event, refresh), onReset: () => void queries.invalidateQueries() });
  });
  useEffect(() => {
    connection.open();
    return () => connection.close();
  }, [connection]);
  return useSyncExternalStore(connection.subscribe, connection.snapshot);
};

const apply = (queries: QueryClient, event: LiveEvent, refresh: (keys: readonly string[]) => void): void => {
  const patch = patchOf(event);
  const { stamps, tenants, jobs, jobEvents, rollout } = patch;
  if (stamps) queries.setQueryData(stampsQuery.queryKey, (before) => before && [...stamps(before)]);
  if (tenants) queries.setQueryData(tenantsQuery.queryKey, (before) => before && tenants(before));
  if (jobs) queries.setQueryData(jobsQuery.queryKey, (before) => before && [...jobs(before)]);
  if (jobEvents) queries.setQueryData<JobEvents>(jobEventsQuery(jobEvents.job).queryKey, (before) => before && jobEvents.apply(before));
  if (rollout) {
    queries.setQueryData(rolloutsQuery.queryKey, (before) => before && [...withRollout(before, rollout)]);
    queries.setQueryData(rolloutQuery(rollout.id).queryKey, (before) => before && newerRollout(before, rollout));
  }
  // Whatever was done was written down too; a busy job’s lines were not.
  refresh(patch.jobEvents ? patch.stale : [...patch.stale, auditKey]);
  // The stream samples a busy job's lines; a hole is filled by reading the log again.
  const shown = jobEvents && queries.getQueryData<JobEvents>(jobEventsQuery(jobEvents.job).queryKey);
  if (jobEvents && shown && shown.items.length < shown.job.lastEventSequence) refresh(['job-events']);
};

const refresher = (queries: QueryClient): ((keys: readonly string[]) => void) => {
  const waiting = new Set<string>();
  let timer: number | undefined;
  return (keys) => {
    for (const key of keys) waiting.add(key);
    if (waiting.size === 0 || timer !== undefined) return;
    timer = window.setTimeout(() => {
      timer = undefined;
      for (const key of waiting) void queries.invalidateQueries({ queryKey: [key] });
      waiting.clear();
    }, staleDelayMs);
  };
};
