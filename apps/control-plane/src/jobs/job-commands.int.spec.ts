import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import { systemClock } from '@lapidary/kernel/clock';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { DataSource } from 'typeorm';
import { cancelJob, retryJob } from './job-commands.js';
import type { JobDefinition } from './job-definition.js';
import type { JobRow } from './job-row.js';
import {
  contextFor,
  definitionsOf,
  effectsOf,
  enqueue,
  jobOf,
  prepare,
  region,
  startReplica,
  stepsOf,
  type Replica,
} from '../../test/job-world.js';
import { recordingDefinition } from '../../test/recording-steps.js';
import { migratedDatabase } from '../../test/migrated-database.js';

const onceEach = { one: 1, two: 1, three: 1, four: 1 };
const codeOf = (error: unknown): string => (isAppError(error) ? error.code : String(error));

describe('commands on jobs', () => {
  let database: Awaited<ReturnType<typeof migratedDatabase>>;
  let dataSource: DataSource;
  let replica: Replica | undefined;
  const clock = new HybridLogicalClock(region, systemClock);

  const statusIs = async (id: string, status: string): Promise<JobRow> =>
    await waitFor(
      `job to be ${status}`,
      async () => ((await jobOf(dataSource, id)).status === status ? jobOf(dataSource, id) : undefined),
      { timeoutMs: 60_000 },
    );
  const command = async (change: typeof cancelJob, definition: JobDefinition, id: string): Promise<JobRow> =>
    await inTransaction(dataSource, (tx) =>
      change(tx, contextFor(), { clock, definitions: definitionsOf(definition), queue: replica!.queue }, id),
    );

  beforeAll(async () => {
    database = await migratedDatabase();
    dataSource = await prepare(database.url);
  });
  afterEach(async () => {
    await replica?.stop();
    replica = undefined;
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  /** Stands still in step two until told to stop. */
  const standing = (reached: PromiseWithResolvers<void>, obey: boolean): JobDefinition =>
    recordingDefinition({
      outside: dataSource,
      inside: async (step, { signal }) => {
        if (step !== 'two') return;
        reached.resolve();
        await new Promise((_, reject) => {
          if (obey) signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      },
    });

  it('I5: a transaction that rolls back leaves neither job nor message, event or audit row', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    replica = await startReplica(database.url, definition);
    const { queue } = replica;
    const counts = (): Promise<unknown> =>
      dataSource.query(`SELECT (SELECT count(*) FROM job) AS job, (SELECT count(*) FROM pgboss.job) AS message, (SELECT count(*) FROM outbox) AS event,
        (SELECT count(*) FROM audit) AS audit, (SELECT count(*) FROM job_event) AS line`);
    const before = await counts();
    const failing = {
      send: async (...args: Parameters<typeof queue.send>) =>
        queue.send(...args).then(() => Promise.reject(new Error('after the message'))),
    };
    await expect(enqueue(dataSource, failing, definition, 'eu-1')).rejects.toThrow('after the message');
    expect(await counts()).toEqual(before);
  });

  it('one open job per subject: of 20 concurrent requests one is accepted, the others get its id', async () => {
    const reached = Promise.withResolvers<void>();
    const definition = standing(reached, true);
    replica = await startReplica(database.url, definition);
    const { queue } = replica;
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => enqueue(dataSource, queue, definition, 'eu-2')));
    const accepted = results.filter((r) => r.status === 'fulfilled').map((r) => r.value.id);
    expect(accepted).toHaveLength(1);
    for (const refused of results.filter((r) => r.status === 'rejected')) {
      expect(codeOf(refused.reason)).toBe('job_in_progress');
      expect((refused.reason as AppError).details).toMatchObject({ jobId: accepted[0] });
    }
    await reached.promise;
    await command(cancelJob, definition, accepted[0]!);
    await statusIs(accepted[0]!, 'cancelled');
  });

  it('a queued job is cancelled at once and never begun', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    replica = await startReplica(database.url, definition);
    const { id } = await inTransaction(dataSource, async () => enqueue(dataSource, { send: async () => undefined }, definition, 'eu-3'));
    const held = await inTransaction(dataSource, async (tx) => {
      const changed = await cancelJob(tx, contextFor(), { clock, definitions: definitionsOf(definition), queue: replica!.queue }, id);
      return changed.status;
    });
    expect(['cancelled', 'cancelling']).toContain(held);
    await statusIs(id, 'cancelled');
  });

  it('a running job ends in good order on cancel; "retry" goes on at the step that was stopped', async () => {
    const reached = Promise.withResolvers<void>();
    const definition = standing(reached, true);
    replica = await startReplica(database.url, definition);
    const { id } = await enqueue(dataSource, replica.queue, definition, 'eu-4');
    await reached.promise;
    expect((await command(cancelJob, definition, id)).status).toBe('cancelling');
    await statusIs(id, 'cancelled');
    expect((await stepsOf(dataSource, id)).map((s) => s.status)).toEqual(['succeeded', 'pending', 'pending', 'pending']);
    await replica.stop();
    const harmless = recordingDefinition({ outside: dataSource });
    replica = await startReplica(database.url, harmless);
    expect(await command(retryJob, harmless, id)).toMatchObject({ status: 'queued', attempt: 2 });
    await statusIs(id, 'succeeded');
    expect(await effectsOf(dataSource, id)).toEqual(onceEach);
  });

  it('a step that ignores the cancel is cut off after the grace', async () => {
    const reached = Promise.withResolvers<void>();
    const definition = standing(reached, false);
    replica = await startReplica(database.url, definition, { graceMs: 200 });
    const { id } = await enqueue(dataSource, replica.queue, definition, 'eu-5');
    await reached.promise;
    await command(cancelJob, definition, id);
    await statusIs(id, 'cancelled');
    expect(await effectsOf(dataSource, id)).toEqual({ one: 1 });
  });

  it('a failed job keeps code and message, tells its definition, and is retried from the failed step', async () => {
    let fail = true;
    const told: string[] = [];
    const recording = recordingDefinition({
      outside: dataSource,
      inside: async (step) => {
        if (step === 'three' && fail) throw new AppError('provision_failed', 'no more addresses', { details: { zone: 'a' } });
      },
    });
    const definition: JobDefinition = {
      ...recording,
      onUnfinished: async (_tx, _context, job, outcome) => void told.push(`${job.subject} ${outcome}`),
      onRetry: async (_tx, _context, job) => void told.push(`${job.subject} retry`),
    };
    replica = await startReplica(database.url, definition);
    const { id } = await enqueue(dataSource, replica.queue, definition, 'eu-6');
    expect(await statusIs(id, 'failed')).toMatchObject({ error_code: 'provision_failed', error_message: 'no more addresses' });
    fail = false;
    await command(retryJob, definition, id);
    expect(await statusIs(id, 'succeeded')).toMatchObject({ attempt: 2, error_code: null });
    expect(told).toEqual(['eu-6 failed', 'eu-6 retry']);
    expect(await effectsOf(dataSource, id)).toEqual(onceEach);
    const tries = await rowsOf<{ step: string; tries: number }>(
      dataSource,
      'SELECT step, tries FROM outside WHERE job = $1 ORDER BY step',
      [id],
    );
    expect(Object.fromEntries(tries.map((t) => [t.step, t.tries]))).toEqual({ one: 1, two: 1, three: 2, four: 1 });
  });

  it('what is not possible is refused: cancelling or retrying a job that succeeded, or a job that is not there', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    replica = await startReplica(database.url, definition);
    const { id } = await enqueue(dataSource, replica.queue, definition, 'eu-7');
    await statusIs(id, 'succeeded');
    expect(codeOf(await command(cancelJob, definition, id).catch((e: unknown) => e))).toBe('illegal_transition');
    expect(codeOf(await command(retryJob, definition, id).catch((e: unknown) => e))).toBe('illegal_transition');
    expect(codeOf(await command(cancelJob, definition, `eu.${'0'.repeat(26)}`).catch((e: unknown) => e))).toBe('not_found');
  });

  it('a failed job is not retried while its subject has another open one', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    const noQueue = { send: async () => undefined };
    const { id } = await enqueue(dataSource, noQueue, definition, 'us-1');
    await dataSource.query(`UPDATE job SET status = 'failed', region = region WHERE id = $1`, [id]);
    const second = await enqueue(dataSource, noQueue, definition, 'us-1');
    replica = { queue: noQueue } as unknown as Replica;
    const refused = await command(retryJob, definition, id).catch((e: unknown) => e);
    replica = undefined;
    expect(codeOf(refused)).toBe('job_in_progress');
    expect((refused as AppError).details).toMatchObject({ jobId: second.id });
    expect((await jobOf(dataSource, id)).status).toBe('failed');
  });

  it('a worker that died while its job was being cancelled: the job ends as cancelled', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    const { id } = await enqueue(dataSource, { send: async () => undefined }, definition, 'us-2');
    await dataSource.query(
      `UPDATE job SET status = 'cancelling', lease_owner = 'gone', lease_token = 1, lease_until = now() - interval '1 second' WHERE id = $1`,
      [id],
    );
    replica = await startReplica(database.url, definition);
    await statusIs(id, 'cancelled');
    expect(await effectsOf(dataSource, id)).toEqual({});
  });
});
