import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { DataSource } from 'typeorm';
import { effectsOf, enqueue, jobOf, prepare, sequencesOf, startReplica, type Replica } from '../../test/job-world.js';
import { recordingDefinition, stepNames } from '../../test/recording-steps.js';
import { migratedDatabase } from '../../test/migrated-database.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const worker = (url: string, dieAt: string): ChildProcess =>
  fork(path('../../test/worker-process.ts'), [url, dieAt], {
    execArgv: ['--import', path('../../test/source-hooks.mjs'), '--experimental-transform-types', '--conditions=source', '--no-warnings'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
/** A machine that is busy with other tests starts a process in some seconds. */
const patienceMs = 25_000;
const says = async (child: ChildProcess, what: string): Promise<void> => {
  const signal = AbortSignal.timeout(patienceMs);
  for (;;) {
    const [message] = await once(child, 'message', { signal });
    if (message === what) return;
  }
};

describe('I8: kill -9 of a worker process', () => {
  let database: Awaited<ReturnType<typeof migratedDatabase>>;
  let dataSource: DataSource;
  let survivor: Replica | undefined;
  beforeAll(async () => {
    database = await migratedDatabase();
    dataSource = await prepare(database.url);
  });
  afterEach(async () => {
    await survivor?.stop();
    survivor = undefined;
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const points = stepNames.flatMap((step) => (step === 'four' ? [`${step} inside`] : [`${step} inside`, `${step} done`]));

  it.each(points)('at "%s": another process resumes there, and each effect is there once', async (point) => {
    const definition = recordingDefinition({ outside: dataSource });
    const child = worker(database.url, point);
    try {
      await says(child, 'up');
      const dead = says(child, point);
      const { id } = await enqueueWith(definition, `eu-${points.indexOf(point) + 1}`);
      await dead;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
      survivor = await startReplica(database.url, definition);
      await waitFor('the job', async () => ((await jobOf(dataSource, id)).status === 'succeeded' ? true : undefined), {
        timeoutMs: 60_000,
      });
      expect(await effectsOf(dataSource, id)).toEqual({ one: 1, two: 1, three: 1, four: 1 });
      const [step, where] = point.split(' ');
      const tries = await rowsOf<{ step: string; tries: number }>(dataSource, 'SELECT step, tries FROM outside WHERE job = $1', [id]);
      for (const t of tries) expect([t.step, t.tries]).toEqual([t.step, where === 'inside' && t.step === step ? 2 : 1]);
      const sequences = await sequencesOf(dataSource, id);
      expect(sequences).toEqual(sequences.map((_, i) => i + 1));
      expect(sequences).toHaveLength((await jobOf(dataSource, id)).event_sequence);
    } finally {
      child.kill('SIGKILL');
    }
  });

  /** Without a message: the worker's own requeue finds it, as it would a job whose message was lost. */
  const enqueueWith = (definition: ReturnType<typeof recordingDefinition>, subject: string) =>
    enqueue(dataSource, { send: async () => undefined }, definition, subject);
});
