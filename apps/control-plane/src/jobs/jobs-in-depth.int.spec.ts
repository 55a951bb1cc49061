import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { isAppError } from '@lapidary/kernel/app-error';
import { systemClock } from '@lapidary/kernel/clock';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { DataSource } from 'typeorm';
import { contextFor, definitionsOf, effectsOf, enqueue, jobOf, prepare, region, startReplica, type Replica } from '../../test/job-world.js';
import { recordingDefinition } from '../../test/recording-steps.js';
import { dropLetter, replayLetter } from './dead-letter-commands.js';
import { listLetters, type DeadLetterRow } from './dead-letter-store.js';
import { cancelJob, retryJob, type JobCommandDeps } from './job-commands.js';
import type { JobDefinition } from './job-definition.js';
import { reclaimsMax } from './job-limits.js';
import type { JobRow } from './job-row.js';
import { viewOf } from './job-view.js';
import { migratedDatabase } from '../../test/migrated-database.js';

const onceEach = { one: 1, two: 1, three: 1, four: 1 };
const nobody = { send: async () => undefined };
const codeOf = (error: unknown): string => (isAppError(error) ? error.code : String(error));

describe('jobs in depth, on a real Postgres', () => {
  let database: Awaited<ReturnType<typeof migratedDatabase>>;
  let dataSource: DataSource;
  let replica: Replica | undefined;
  const clock = new HybridLogicalClock(region, systemClock);

  const statusIs = async (id: string, status: string): Promise<JobRow> =>
    await waitFor(
      `job to be ${status}`,
      async () => ((await jobOf(dataSource, id)).status === status ? jobOf(dataSource, id) : undefined),
      {
        timeoutMs: 60_000,
      },
    );
  const command = async <T>(definition: JobDefinition, work: (tx: Tx, deps: JobCommandDeps) => Promise<T>): Promise<T> =>
    await inTransaction(dataSource, (tx) => work(tx, { clock, definitions: definitionsOf(definition), queue: replica?.queue ?? nobody }));
  const cancel = (definition: JobDefinition, id: string, force: boolean): Promise<JobRow> =>
    command(definition, (tx, deps) => cancelJob(tx, contextFor(), deps, id, { force }));
  const letters = (all = false): Promise<DeadLetterRow[]> => listLetters(dataSource.manager, { all, before: null, limit: 10 });

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

  it('a job knows from its acceptance how long its steps usually take; the first of a kind knows nothing', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    const first = await enqueue(dataSource, nobody, definition, 'eu-1');
    expect((await viewOf(dataSource.manager, first)).estimate).toBeNull();
    await dataSource.query(`UPDATE job SET status = 'succeeded', finished_at = now() WHERE id = $1`, [first.id]);
    await dataSource.query(
      `UPDATE job_step SET status = 'succeeded', started_at = now() - position * interval '3 seconds', finished_at = now() WHERE job = $1`,
      [first.id],
    );
    const second = await viewOf(dataSource.manager, await enqueue(dataSource, nobody, definition, 'eu-2'));
    expect(second.estimate).toMatchObject({ usualMs: 30_000, atMostMs: 30_000, remainingMs: 30_000, samples: 1 });
    expect(second.steps.map((s) => s.usual?.medianMs)).toEqual([3_000, 6_000, 9_000, 12_000]);
    const other = await enqueue(dataSource, nobody, definition, 'eu-3', {}, 'another variant');
    expect((await viewOf(dataSource.manager, other)).estimate).toBeNull();
    await dataSource.query(`UPDATE job SET status = 'failed' WHERE status = 'queued'`);
  });

  it('P-QL1: many jobs of one kind wait for their turn and never hold up another kind', async () => {
    const release = Promise.withResolvers<void>();
    let most = 0;
    let now = 0;
    const slow = recordingDefinition({
      outside: dataSource,
      inside: async (step) => {
        if (step !== 'one') return;
        most = Math.max(most, ++now);
        await release.promise;
        now--;
      },
    });
    const other: JobDefinition = { ...recordingDefinition({ outside: dataSource }), kind: 'decommission' };
    replica = await startReplica(database.url, slow, { concurrency: 2, others: [other] });
    const { queue } = replica;
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push((await enqueue(dataSource, queue, slow, `eu-2${i}`)).id);
    await waitFor('both places to be taken', async () => (now === 2 ? true : undefined), { timeoutMs: 60_000 });
    await statusIs((await enqueue(dataSource, queue, other, 'eu-30')).id, 'succeeded');
    expect(now).toBe(2);
    release.resolve();
    for (const id of ids) await statusIs(id, 'succeeded');
    expect(most).toBe(2);
  });

  it('progress of a step is shown while it runs, kept when it is done, and begins anew with another try', async () => {
    const hold = Promise.withResolvers<void>();
    const definition = recordingDefinition({
      outside: dataSource,
      inside: async (step, { progress }) => {
        if (step !== 'two') return;
        progress(3, 7);
        await hold.promise;
        progress(8, 7);
      },
    });
    replica = await startReplica(database.url, definition);
    const { id } = await enqueue(dataSource, replica.queue, definition, 'eu-4');
    const shown = async () => (await viewOf(dataSource.manager, await jobOf(dataSource, id))).steps[1]!.progress;
    await waitFor('progress', async () => ((await shown()) ? true : undefined), { timeoutMs: 60_000 });
    expect(await shown()).toEqual({ done: 3, expected: 7 });
    hold.resolve();
    await statusIs(id, 'succeeded');
    // More than expected: the expectation was wrong, and is not shown.
    expect(await shown()).toEqual({ done: 8, expected: null });
    expect(await viewOf(dataSource.manager, await jobOf(dataSource, id))).toMatchObject({ stepsDone: 4, estimate: null });
  });

  it('a forced cancel cuts a deaf step off at once and tells it so, long before its grace is over', async () => {
    const reached = Promise.withResolvers<AbortSignal>();
    const definition = recordingDefinition({
      outside: dataSource,
      inside: async (step, { cutOff }) => {
        if (step !== 'two') return;
        reached.resolve(cutOff);
        await new Promise(() => undefined);
      },
    });
    replica = await startReplica(database.url, definition, { graceMs: 600_000 });
    const { id } = await enqueue(dataSource, replica.queue, definition, 'eu-5');
    const cutOff = await reached.promise;
    expect((await cancel(definition, id, false)).status).toBe('cancelling');
    expect(cutOff.aborted).toBe(false);
    expect((await cancel(definition, id, true)).status).toBe('cancelling');
    await statusIs(id, 'cancelled');
    expect(cutOff.aborted).toBe(true);
    expect(await effectsOf(dataSource, id)).toEqual({ one: 1 });
  });

  it('I8: a forced cancel takes the job from a worker that does not hear, however long its lease; what it writes later counts for nothing', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    const { id } = await enqueue(dataSource, nobody, definition, 'eu-6');
    await dataSource.query(
      `UPDATE job SET status = 'running', lease_owner = 'deaf', lease_token = 1, lease_until = now() + interval '1 hour' WHERE id = $1`,
      [id],
    );
    replica = await startReplica(database.url, definition);
    await cancel(definition, id, true);
    const ended = await statusIs(id, 'cancelled');
    expect(ended.lease_owner).toBeNull();
    await command(definition, (tx, deps) => retryJob(tx, contextFor(), deps, id));
    expect((await statusIs(id, 'succeeded')).cancel_forced_at).toBeNull();
    expect(await effectsOf(dataSource, id)).toEqual(onceEach);
  });

  /** Step three can't be taken back. */
  const withNoReturn = (definition: JobDefinition): JobDefinition => ({
    ...definition,
    steps: definition.steps.map((step) => (step.name === 'three' ? { ...step, noReturn: true } : step)),
  });

  it('past a point of no return a job is cancelled by force only, and a retry goes on there', async () => {
    const reached = Promise.withResolvers<void>();
    const blocked = { is: true };
    const definition = withNoReturn(
      recordingDefinition({
        outside: dataSource,
        inside: async (step) => {
          if (step !== 'three' || !blocked.is) return;
          reached.resolve();
          await new Promise(() => undefined);
        },
      }),
    );
    replica = await startReplica(database.url, definition);
    const { id } = await enqueue(dataSource, replica.queue, definition, 'eu-7');
    await reached.promise;
    expect(codeOf(await cancel(definition, id, false).catch((e: unknown) => e))).toBe('past_no_return');
    expect((await jobOf(dataSource, id)).status).toBe('running');
    await cancel(definition, id, true);
    await statusIs(id, 'cancelled');
    blocked.is = false;
    await command(definition, (tx, deps) => retryJob(tx, contextFor(), deps, id));
    expect(codeOf(await cancel(definition, id, false).catch((e: unknown) => e))).toMatch(/past_no_return|illegal_transition/);
    expect((await viewOf(dataSource.manager, await statusIs(id, 'succeeded'))).noReturnAt).not.toBeNull();
    expect(await effectsOf(dataSource, id)).toEqual(onceEach);
  });

  it('a cancel that was accepted before the point of no return is never passed over', async () => {
    const definition = withNoReturn(
      recordingDefinition({
        outside: dataSource,
        // Accepted while step two ends: the worker may not have heard of it when it comes to step three.
        beginning: async (step) => {
          if (step === 'two') await cancel(definition, job.id, false);
        },
      }),
    );
    const job = await enqueue(dataSource, nobody, definition, 'eu-8');
    replica = await startReplica(database.url, definition);
    const ended = await statusIs(job.id, 'cancelled');
    expect(ended.no_return_at).toBeNull();
    expect(await effectsOf(dataSource, job.id)).toEqual({ one: 1, two: 1 });
  });

  it('a job over which workers are lost again and again fails and becomes a dead letter; replayed, it goes on', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    const { id } = await enqueue(dataSource, nobody, definition, 'eu-9');
    await dataSource.query(
      `UPDATE job SET status = 'running', lease_owner = 'gone', lease_token = 1, lease_until = now() - interval '1 second', reclaims = $2 WHERE id = $1`,
      [id, reclaimsMax - 1],
    );
    await dataSource.query(`UPDATE job_step SET status = 'running', attempts = $2 WHERE job = $1 AND name = 'one'`, [id, reclaimsMax]);
    replica = await startReplica(database.url, definition);
    expect(await statusIs(id, 'failed')).toMatchObject({ error_code: 'dead_lettered' });
    const [letter] = await letters();
    expect(letter).toMatchObject({
      job: id,
      kind: 'provision',
      subject: 'eu-9',
      cause: 'workers_died',
      step: 'one',
      attempts: reclaimsMax,
    });
    const replayed = await command(definition, (tx, deps) => replayLetter(tx, contextFor(), deps, letter!.id));
    expect(replayed).toMatchObject({ resolution: 'replayed', resolved_by: 'token:tester' });
    expect((await statusIs(id, 'succeeded')).reclaims).toBe(0);
    expect(await effectsOf(dataSource, id)).toEqual(onceEach);
    expect(await letters()).toEqual([]);
    const again = command(definition, (tx, deps) => replayLetter(tx, contextFor(), deps, letter!.id));
    expect(codeOf(await again.catch((e: unknown) => e))).toBe('illegal_transition');
  });

  it('a job that can’t be ended keeps no other one waiting', async () => {
    const recording = recordingDefinition({ outside: dataSource });
    const definition: JobDefinition = {
      ...recording,
      onUnfinished: async (_tx, _context, job) => {
        if (job.subject === 'eu-12') throw new Error('its subject refuses');
      },
    };
    const silent = async (subject: string): Promise<string> => {
      const { id } = await enqueue(dataSource, nobody, definition, subject);
      await dataSource.query(
        `UPDATE job SET status = 'cancelling', lease_owner = 'gone', lease_token = 1, lease_until = now() - interval '1 second' WHERE id = $1`,
        [id],
      );
      return id;
    };
    const stuck = await silent('eu-12');
    const behind = await silent('eu-13');
    replica = await startReplica(database.url, definition);
    await statusIs(behind, 'cancelled');
    expect((await jobOf(dataSource, stuck)).status).toBe('cancelling');
    await dataSource.query(`UPDATE job SET status = 'failed' WHERE id = $1`, [stuck]);
  });

  it('a worker that dies fewer times costs nothing but time, and a step that gets done begins the count anew', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    const { id } = await enqueue(dataSource, nobody, definition, 'eu-10');
    await dataSource.query(
      `UPDATE job SET status = 'running', lease_owner = 'gone', lease_token = 1, lease_until = now() - interval '1 second', reclaims = $2 WHERE id = $1`,
      [id, reclaimsMax - 2],
    );
    replica = await startReplica(database.url, definition);
    expect((await statusIs(id, 'succeeded')).reclaims).toBe(0);
  });

  it('P-SC3: a message that is none is put aside and blocks nothing; it can be dropped, not replayed', async () => {
    const definition = recordingDefinition({ outside: dataSource });
    replica = await startReplica(database.url, definition);
    await dataSource.query(`INSERT INTO pgboss.job (name, data, policy) VALUES ('job-provision', '{"not": "a job"}'::jsonb, 'short')`);
    const { id } = await enqueue(dataSource, replica.queue, definition, 'eu-11');
    await statusIs(id, 'succeeded');
    const [letter] = await waitFor('the letter', async () => ((await letters()).length > 0 ? letters() : undefined), { timeoutMs: 60_000 });
    expect(letter).toMatchObject({ job: null, cause: 'unreadable_message', payload: { not: 'a job' } });
    const replay = command(definition, (tx, deps) => replayLetter(tx, contextFor(), deps, letter!.id));
    expect(codeOf(await replay.catch((e: unknown) => e))).toBe('illegal_transition');
    await command(definition, (tx) => dropLetter(tx, { ...contextFor(), reason: 'an old client' }, letter!.id));
    expect(await letters()).toEqual([]);
    expect(await letters(true)).toContainEqual(expect.objectContaining({ id: letter!.id, resolution: 'dropped', reason: 'an old client' }));
    const audit = await rowsOf<{ action: string }>(dataSource, `SELECT action FROM audit WHERE subject = $1`, [
      `dead-letter/${letter!.id}`,
    ]);
    expect(audit.map((a) => a.action)).toEqual(['dead-letter.drop']);
  });
});
