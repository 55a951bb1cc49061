import { createDataSource } from '@lapidary/db/data-source';
import { migrate } from '@lapidary/db/migrate';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { systemClock } from '@lapidary/kernel/clock';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import { createLogger } from '@lapidary/telemetry/logger';
import type { DataSource } from 'typeorm';
import type { CommandContext } from '../src/http/command-context.js';
import { migrations } from '../src/migrations/all.js';
import { enqueueJob } from '../src/jobs/enqueue-job.js';
import { JobDefinitions, type JobDefinition } from '../src/jobs/job-definition.js';
import { createJobMetrics } from '../src/jobs/job-metrics.js';
import { JobQueue } from '../src/jobs/job-queue.js';
import type { JobRow, Json, StepRow } from '../src/jobs/job-row.js';
import { JobRunner } from '../src/jobs/job-runner.js';
import { readJob, readSteps } from '../src/jobs/job-store.js';
import { LeaseReclaimer } from '../src/jobs/lease-reclaimer.js';
import { putAside } from '../src/jobs/unreadable-message.js';

/** Short leases, so that a test of a worker's death takes a second. Proportions as in job-limits.ts. */
export const fastTimes = { leaseMs: 1_000, renewMs: 250, marginMs: 150 };
export const fastReclaimMs = 100;
export const region = 'eu';
const logger = createLogger('test', 'silent');

export interface Replica {
  readonly runner: JobRunner;
  readonly queue: JobQueue;
  readonly dataSource: DataSource;
  readonly stop: () => Promise<void>;
  /** As near to kill -9 as one process gets: its connections are gone at once, nothing is released. */
  readonly vanish: () => Promise<void>;
}

export const connect = async (url: string, name: string): Promise<DataSource> =>
  await createDataSource({ url, applicationName: name, poolSize: 6, migrations }).initialize();

/** A migrated database with one region, a table to record effects in, and nobody who works. */
export const prepare = async (url: string): Promise<DataSource> => {
  const dataSource = await connect(url, 'test');
  await migrate(dataSource);
  await dataSource.query(`INSERT INTO region VALUES ('eu', 'Europe', 'eu', 50, 8, 'eu-central-1') ON CONFLICT DO NOTHING`);
  await dataSource.query(`INSERT INTO origin (region, generation) VALUES ('eu', $1) ON CONFLICT DO NOTHING`, [newId()]);
  await dataSource.query('CREATE TABLE effect (job text NOT NULL, step text NOT NULL)');
  await dataSource.query('CREATE TABLE outside (job text, step text, tries integer NOT NULL, PRIMARY KEY (job, step))');
  return dataSource;
};

export const contextFor = (actor = 'token:tester'): CommandContext => ({ region, actor, requestId: newId(), reason: null });

export const definitionsOf = (...definitions: JobDefinition[]): JobDefinitions => {
  const all = new JobDefinitions();
  for (const definition of definitions) all.register(definition);
  return all;
};

/** One control-plane replica's share: queue, runner, reclaimer, each with connections of its own. */
export const startReplica = async (
  url: string,
  definition: JobDefinition,
  options: { concurrency?: number; graceMs?: number; others?: readonly JobDefinition[] } = {},
): Promise<Replica> => {
  const dataSource = await connect(url, 'replica');
  const definitions = definitionsOf(definition, ...(options.others ?? []));
  const queue = new JobQueue({ url, concurrencyOf: () => options.concurrency ?? 2, definitions, logger });
  const clock = new HybridLogicalClock(region, systemClock);
  const deps = { dataSource, clock, logger, metrics: createJobMetrics(), region, definitions, queue };
  const runner = new JobRunner({ ...deps, times: fastTimes, graceMs: options.graceMs ?? 2_000 });
  const reclaimer = new LeaseReclaimer({ ...deps, intervalMs: fastReclaimMs, requeueMs: 500 });
  let isGone = false;
  await queue.start({
    job: async (id) => {
      if (!isGone) await runner.run(id);
    },
    unreadable: (kind, message) => putAside({ ...deps, intervalMs: fastReclaimMs }, kind, message),
  });
  reclaimer.start();
  const end = async (): Promise<void> => {
    await reclaimer.stop();
    await runner.stop();
    await queue.stop();
    if (dataSource.isInitialized) await dataSource.destroy();
  };
  return {
    runner,
    queue,
    dataSource,
    stop: end,
    vanish: async () => {
      isGone = true;
      await dataSource.destroy();
      await end();
    },
  };
};

export const enqueue = async (
  dataSource: DataSource,
  queue: Pick<JobQueue, 'send'>,
  definition: JobDefinition,
  subject: string,
  input: Json = {},
  variant = '',
): Promise<JobRow> =>
  await inTransaction(dataSource, (tx) =>
    enqueueJob(
      tx,
      contextFor(),
      { clock: new HybridLogicalClock(region, systemClock), queue },
      { definition, subject, variant, input, message: `asked for ${subject}` },
    ),
  );

export const jobOf = async (dataSource: DataSource, id: string): Promise<JobRow> => {
  const job = await readJob(dataSource, id);
  if (!job) throw new Error(`no job ${id}`);
  return job;
};

export const stepsOf = async (dataSource: DataSource, id: string): Promise<StepRow[]> => await readSteps(dataSource, [id]);

/** How often each step's committed effect is there. */
export const effectsOf = async (dataSource: DataSource, job: string): Promise<Record<string, number>> =>
  Object.fromEntries(
    (
      await rowsOf<{ step: string; n: number }>(dataSource, 'SELECT step, count(*)::int AS n FROM effect WHERE job = $1 GROUP BY step', [
        job,
      ])
    ).map((r) => [r.step, r.n]),
  );

export const sequencesOf = async (dataSource: DataSource, job: string): Promise<number[]> =>
  (await rowsOf<{ sequence: number }>(dataSource, 'SELECT sequence FROM job_event WHERE job = $1 ORDER BY sequence', [job])).map(
    (r) => r.sequence,
  );
