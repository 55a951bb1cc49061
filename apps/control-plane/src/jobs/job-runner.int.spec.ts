import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { systemClock } from '@lapidary/kernel/clock';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { DataSource } from 'typeorm';
import { claimJob, isLeaseLost, lockUnderLease, renewLease } from './job-lease.js';
import type { JobRow } from './job-row.js';
import {
  connect,
  effectsOf,
  enqueue,
  jobOf,
  prepare,
  region,
  sequencesOf,
  startReplica,
  stepsOf,
  type Replica,
} from '../../test/job-world.js';
import { recordingDefinition, stepNames } from '../../test/recording-steps.js';
import { beginStep, completeStep, failJob, finishJob } from './step-writes.js';
import { migratedDatabase } from '../../test/migrated-database.js';

const onceEach = { one: 1, two: 1, three: 1, four: 1 };
const ended = async (dataSource: DataSource, id: string, status = 'succeeded'): Promise<JobRow> =>
  await waitFor(
    `job to be ${status}`,
    async () => {
      const job = await jobOf(dataSource, id);
      return job.status === status ? job : undefined;
    },
    { timeoutMs: 60_000 },
  );

describe('job runner on a real Postgres', () => {
  let database: Awaited<ReturnType<typeof migratedDatabase>>;
  let dataSource: DataSource;
  const replicas: Replica[] = [];
  const replica = async (...args: Parameters<typeof startReplica>): Promise<Replica> => {
    const made = await startReplica(...args);
    replicas.push(made);
    return made;
  };

  beforeAll(async () => {
    database = await migratedDatabase();
    dataSource = await prepare(database.url);
  });
  afterEach(async () => {
    await Promise.all(replicas.splice(0).map((r) => r.stop()));
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('runs every step once, in order, hands outputs on, and leaves lines without holes, audit rows and events', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    const { queue } = await replica(database.url, definition);
    const { id } = await enqueue(dataSource, queue, definition, 'eu-1');
    const job = await ended(dataSource, id);
    expect(await effectsOf(dataSource, id)).toEqual(onceEach);
    expect((await stepsOf(dataSource, id)).at(-1)?.output).toEqual({ name: 'four', seen: ['one', 'two', 'three'] });
    expect(job.summary).toBe('4 done');
    const sequences = await sequencesOf(dataSource, id);
    expect(sequences).toEqual(sequences.map((_, i) => i + 1));
    expect(sequences.at(-1)).toBe(job.event_sequence);
    const audit = await rowsOf<{ action: string }>(dataSource, 'SELECT action FROM audit WHERE subject = $1 ORDER BY position', [
      `job/${id}`,
    ]);
    expect(audit.map((a) => a.action)).toEqual(['job.queue', 'job.start', 'job.succeed']);
    const types = await rowsOf<{ type: string }>(dataSource, 'SELECT DISTINCT type FROM outbox WHERE subject = $1 ORDER BY type', [
      `job/${id}`,
    ]);
    expect(types.map((t) => t.type)).toEqual(['lapidary.job.changed.v1', 'lapidary.job.progressed.v1', 'lapidary.job.queued.v1']);
  });

  it.each(stepNames)('I8: a worker that vanishes inside step "%s" is succeeded by another one, and no effect is doubled', async (fatal) => {
    let victim: Replica | undefined;
    const vanished = Promise.withResolvers<void>();
    const deadly = recordingDefinition({
      outside: dataSource,
      inside: async (step) => {
        if (step !== fatal || !victim) return;
        const dying = victim;
        victim = undefined;
        void dying.vanish().finally(() => vanished.resolve());
        await new Promise(() => undefined);
      },
    });
    const first = await startReplica(database.url, deadly, { graceMs: 200 });
    victim = first;
    const { id } = await enqueue(dataSource, first.queue, deadly, `eu-1${stepNames.indexOf(fatal)}`);
    await waitFor('the worker to be inside the step', () => (victim === undefined ? true : undefined), { timeoutMs: 60_000 });
    const harmless = recordingDefinition({ outside: dataSource });
    await replica(database.url, harmless);
    await ended(dataSource, id);
    await vanished.promise;
    expect(await effectsOf(dataSource, id)).toEqual(onceEach);
    const tries = await rowsOf<{ step: string; tries: number }>(dataSource, 'SELECT step, tries FROM outside WHERE job = $1', [id]);
    for (const { step, tries: n } of tries) expect([step, n]).toEqual([step, step === fatal ? 2 : 1]);
    const sequences = await sequencesOf(dataSource, id);
    expect(sequences).toEqual(sequences.map((_, i) => i + 1));
  });

  it('I8: a revoked lease cannot renew, begin, complete or fail anything', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    const { id } = await enqueue(dataSource, { send: async () => undefined }, definition, 'eu-20');
    const clock = new HybridLogicalClock(region, systemClock);
    const context = { region, actor: 'system:jobs', requestId: 'r', reason: null };
    const old = await inTransaction(dataSource, (tx) => claimJob(tx, id, region, 'worker-a'));
    await dataSource.query(`UPDATE job SET status = 'queued', lease_owner = NULL, lease_until = NULL WHERE id = $1`, [id]);
    const held = await inTransaction(dataSource, (tx) => claimJob(tx, id, region, 'worker-a'));
    expect(held!.lease.token).toBeGreaterThan(old!.lease.token);
    const before = JSON.stringify([await jobOf(dataSource, id), await stepsOf(dataSource, id)]);
    const scope = { context, clock, lease: old!.lease };
    expect(await renewLease(dataSource.manager, old!.lease)).toBeUndefined();
    const attempts = [
      () => inTransaction(dataSource, (tx) => lockUnderLease(tx, old!.lease)),
      () => inTransaction(dataSource, (tx) => beginStep(tx, scope, definition.steps[0]!)),
      () =>
        inTransaction(dataSource, (tx) =>
          completeStep(tx, scope, 'one', { message: 'x' }, { lines: [{ level: 'info', step: 'one', message: 'late' }] }),
        ),
      () => inTransaction(dataSource, (tx) => failJob(tx, scope, definition, 'one', new AppError('internal'), [])),
      () => inTransaction(dataSource, (tx) => finishJob(tx, scope)),
    ];
    for (const attempt of attempts) {
      const refusal: unknown = await attempt().then(
        () => 'accepted',
        (error: unknown) => error,
      );
      expect(isLeaseLost(refusal)).toBe(true);
    }
    expect(JSON.stringify([await jobOf(dataSource, id), await stepsOf(dataSource, id)])).toBe(before);
    await dataSource.query(`UPDATE job SET status = 'failed' WHERE id = $1`, [id]);
  });

  it('I8: two replicas compete for 50 jobs: each job runs once, and never more at a time than allowed', async () => {
    const running = new Set<string>();
    let most = 0;
    const definition = recordingDefinition({
      outside: dataSource,
      inside: async (_step, { job }) => {
        running.add(job.id);
        most = Math.max(most, running.size);
        await new Promise((resolve) => setImmediate(resolve));
        running.delete(job.id);
      },
    });
    const [a] = await Promise.all([
      replica(database.url, definition, { concurrency: 3 }),
      replica(database.url, definition, { concurrency: 3 }),
    ]);
    const ids: string[] = [];
    for (let i = 0; i < 50; i++) ids.push((await enqueue(dataSource, a!.queue, definition, `eu-${100 + i}`)).id);
    for (const id of ids) await ended(dataSource, id);
    for (const id of ids) {
      expect(await effectsOf(dataSource, id)).toEqual(onceEach);
      // One try per lease: on a machine that stalls, a lease may run out and the job be taken up again, never twice at once.
      const [tries] = await rowsOf<{ n: number }>(dataSource, 'SELECT max(tries)::int AS n FROM outside WHERE job = $1', [id]);
      expect(tries!.n).toBeLessThanOrEqual((await jobOf(dataSource, id)).lease_token);
    }
    expect(most).toBeLessThanOrEqual(6);
  });

  it('I8: a worker that shuts down gives its job back at once, without waiting for the lease to run out', async () => {
    const reached = Promise.withResolvers<void>();
    const patient = recordingDefinition({
      outside: dataSource,
      inside: async (step, { signal }) => {
        if (step !== 'two') return;
        reached.resolve();
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      },
    });
    const first = await startReplica(database.url, patient);
    const { id } = await enqueue(dataSource, first.queue, patient, 'eu-30');
    await reached.promise;
    await first.stop();
    expect(await jobOf(dataSource, id)).toMatchObject({ status: 'queued', lease_owner: null });
    expect((await stepsOf(dataSource, id)).map((s) => s.status)).toEqual(['succeeded', 'pending', 'pending', 'pending']);
    await replica(database.url, recordingDefinition({ outside: dataSource }));
    await ended(dataSource, id);
    expect(await effectsOf(dataSource, id)).toEqual(onceEach);
  });

  it('I8: cutting all of the worker’s connections during a step costs nothing but time', async () => {
    let cut = false;
    const definition = recordingDefinition({
      outside: dataSource,
      inside: async () => {
        if (cut) return;
        cut = true;
        const other = await connect(database.url, 'cutter');
        await other.query(
          `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'test'`,
        );
        await other.destroy();
      },
    });
    const { queue } = await replica(database.url, definition);
    const { id } = await enqueue(dataSource, queue, definition, 'eu-31');
    await ended(dataSource, id);
    expect(await effectsOf(dataSource, id)).toEqual(onceEach);
  });

  it('a thousand lines make a few outbox events, and the lines have no holes', async () => {
    const definition = recordingDefinition({
      outside: dataSource,
      inside: async (step, { report }) => {
        if (step !== 'three') return;
        for (let i = 0; i < 10; i++) {
          for (let n = 0; n < 100; n++) report('info', `resource ${i}-${n}`, { n });
          await new Promise((resolve) => setTimeout(resolve, 60));
        }
      },
    });
    const { queue } = await replica(database.url, definition);
    const { id } = await enqueue(dataSource, queue, definition, 'eu-32');
    const job = await ended(dataSource, id);
    const sequences = await sequencesOf(dataSource, id);
    expect(sequences).toHaveLength(job.event_sequence);
    expect(job.event_sequence).toBeGreaterThan(1_000);
    const [outbox] = await rowsOf<{ n: number }>(dataSource, 'SELECT count(*)::int AS n FROM outbox WHERE subject = $1', [`job/${id}`]);
    expect(outbox!.n).toBeLessThan(30);
  });

  it('a job whose queue message was lost is offered again', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    const { id } = await enqueue(dataSource, { send: async () => undefined }, definition, 'eu-33');
    await replica(database.url, definition);
    await ended(dataSource, id);
    expect(await effectsOf(dataSource, id)).toEqual(onceEach);
  });

  it('a step that ignores its time-out is cut off and fails the job', async () => {
    const recording = recordingDefinition({ outside: dataSource });
    const definition = {
      ...recording,
      steps: [{ ...recording.steps[0]!, timeoutMs: 100, run: () => new Promise<never>(() => undefined) }],
    };
    const { queue } = await replica(database.url, definition, { graceMs: 100 });
    const { id } = await enqueue(dataSource, queue, definition, 'eu-35');
    expect(await ended(dataSource, id, 'failed')).toMatchObject({ error_code: 'timeout' });
  });

  it('effects that the database refuses fail the step, and nothing of it stays', async () => {
    const recording = recordingDefinition({ outside: dataSource });
    const definition = {
      ...recording,
      steps: [
        {
          ...recording.steps[0]!,
          run: async () => ({
            message: 'never seen',
            commit: async (tx: Parameters<typeof finishJob>[0]) => {
              await tx.query(`INSERT INTO effect VALUES ('half', 'half')`);
              await tx.query(`INSERT INTO effect VALUES (NULL, NULL)`);
            },
          }),
        },
      ],
    };
    const { queue } = await replica(database.url, definition);
    const { id } = await enqueue(dataSource, queue, definition, 'eu-36');
    expect(await ended(dataSource, id, 'failed')).toMatchObject({ error_code: 'internal' });
    expect(await effectsOf(dataSource, 'half')).toEqual({});
  });
});
