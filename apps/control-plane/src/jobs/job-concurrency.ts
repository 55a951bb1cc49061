import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { jobKinds } from '@lapidary/contracts/api/jobs';
import type { JobKind } from './job-row.js';

type Concurrency = Pick<ControlPlaneConfig, 'LAPIDARY_JOB_CONCURRENCY' | 'LAPIDARY_JOB_CONCURRENCY_BY_KIND'>;

/** Jobs of a kind at once in one process. Each kind has a queue and workers of its own: many of one kind never hold up another (P-QL1). */
export const concurrencyOf = (config: Concurrency, kind: JobKind): number =>
  config.LAPIDARY_JOB_CONCURRENCY_BY_KIND[kind] ?? config.LAPIDARY_JOB_CONCURRENCY;

export const jobsAtOnce = (config: Concurrency): number => jobKinds.reduce((sum, kind) => sum + concurrencyOf(config, kind), 0);
