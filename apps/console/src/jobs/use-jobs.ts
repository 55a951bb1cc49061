import { useQueries, useQuery } from '@tanstack/react-query';
import type { JobView } from '@lapidary/contracts/api/jobs';
import { jobsElsewhereQuery, jobsQuery, jobsShown, regionsQuery } from '../api/queries.js';

interface Jobs {
  readonly jobs: readonly JobView[];
  /** Regions that did not answer: that nothing of theirs is listed says nothing. */
  readonly missing: readonly string[];
}

/** The newest jobs of a region, or of all: each region keeps its own. */
export const useJobs = (region: string | undefined): { data: Jobs | undefined; error: unknown; refetch: () => unknown } => {
  const own = useQuery(jobsQuery);
  const others = (useQuery(regionsQuery).data ?? []).filter((r) => !r.local && (region === undefined || r.name === region));
  const elsewhere = useQueries({ queries: others.map((r) => jobsElsewhereQuery(r.name)) });
  const missing = others.filter((_, n) => elsewhere[n]!.isError).map((r) => r.name);
  const isElsewhere = region !== undefined && others.length > 0;
  const isWaiting = own.data === undefined || (isElsewhere && elsewhere[0]!.isPending);
  const known = new Map([...(own.data ?? []), ...elsewhere.flatMap((asked) => asked.data ?? [])].map((job) => [job.id, job]));
  const jobs = [...known.values()]
    .filter((job) => region === undefined || job.region === region)
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt))
    .slice(0, jobsShown);
  return { data: isWaiting ? undefined : { jobs, missing }, error: own.error, refetch: own.refetch };
};
