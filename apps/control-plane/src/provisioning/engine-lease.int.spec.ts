import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@lapidary/kernel/wait-for';
import { createDataSource } from '@lapidary/db/data-source';
import { rowsOf } from '@lapidary/db/rows';
import { freshDatabase } from '@lapidary/testing/backends';
import type { DataSource } from 'typeorm';
import { StopReason } from '../jobs/stop-reason.js';
import { EngineLease1763772000006 } from '../migrations/0006-engine-lease.js';
import { underEngineLease } from './engine-lease.js';
import { childFailureOf, type ChildOptions } from './provisioner-child.js';

const script = fileURLToPath(new URL('../../test/fake-provisioner.mjs', import.meta.url));
const graces = { cancelMs: 400, shutdownMs: 200, exitMs: 300 };
const times = { leaseMs: 1_500, renewMs: 100, marginMs: 200 };

describe('a stack’s lease', () => {
  let server: Awaited<ReturnType<typeof freshDatabase>>;
  let database: DataSource;
  let dir: string;
  beforeAll(async () => {
    server = await freshDatabase();
    const migrations = [EngineLease1763772000006];
    database = await createDataSource({ url: server.url, applicationName: 'test', poolSize: 6, migrations }).initialize();
    await database.runMigrations();
  });
  afterAll(async () => {
    await database.destroy();
    await server.drop();
  });
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lapidary-lease-'));
    await database.query('DELETE FROM engine_lease');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const options = (behaviour: string, signal = new AbortController().signal): ChildOptions => ({
    script,
    cwd: dir,
    signal,
    graces,
    onProgress: () => undefined,
    run: {
      operation: 'up',
      spec: {
        name: 'eu-1',
        region: 'eu',
        driver: 'local',
        profile: 'small',
        ring: 'broad',
        isolation: 'pooled',
        capacity: { units: 10 },
        workload: { version: 'dev' },
        labels: { behaviour },
      } as ChildOptions['run']['spec'],
      regionFacts: { jurisdiction: 'eu', awsRegion: 'eu-central-1' },
      engine: 'embedded',
      stateDir: dir,
      passphraseFile: join(dir, 'passphrase'),
      local: null,
    },
  });
  const lease = async () => (await rowsOf<{ token: string; owner: string; held: boolean }>(
    database,
    'SELECT token, owner, valid_until > clock_timestamp() AS held FROM engine_lease',
  ))[0]; // oxfmt-ignore
  const started = () => waitFor('the child', () => (existsSync(join(dir, 'seen.json')) ? true : undefined), { timeoutMs: 60_000 });

  it('is held while a child works and free afterwards; each holder’s token is higher', async () => {
    const run = underEngineLease(database, 'job 1', times);
    await run(options('good'));
    expect(await lease()).toEqual({ token: '1', owner: 'job 1', held: false });
    await run(options('good'));
    expect(await lease()).toMatchObject({ token: '2', held: false });
  });

  it('refuses a second operator by naming the first, as something that passes', async () => {
    const stop = new AbortController();
    const first = underEngineLease(database, 'job 1', times)(options('deaf', stop.signal));
    await started();
    const refusal: unknown = await underEngineLease(database, 'job 2', times)(options('good')).catch((error: unknown) => error);
    expect(childFailureOf(refusal)).toEqual({ kind: 'locked', retry: true });
    expect((refusal as Error).message).toContain('held by job 1 for "up" since');
    stop.abort(new StopReason('cancelled'));
    await expect(first).rejects.toMatchObject({ stopCause: 'cancelled' });
    expect(await lease()).toMatchObject({ held: false });
  });

  it('outlasts its first length while it is renewed', async () => {
    const stop = new AbortController();
    const first = underEngineLease(database, 'job 1', times)(options('deaf', stop.signal));
    await started();
    const [{ at } = { at: '' }] = await rowsOf<{ at: string }>(database, `SELECT taken_at + interval '1500 ms' AS at FROM engine_lease`);
    await waitFor('the first length to pass', async () => (await rowsOf(database, 'SELECT 1 WHERE clock_timestamp() > $1', [at]))[0], {
      timeoutMs: 60_000,
    });
    expect(await lease()).toMatchObject({ token: '1', held: true });
    stop.abort(new StopReason('cancelled'));
    await first.catch(() => undefined);
  });

  it('that another has taken over stops the child, and the run says that it was lost', async () => {
    const first = underEngineLease(database, 'job 1', times)(options('deaf'));
    const ended = first.catch((error: unknown) => error);
    await started();
    const { pid } = JSON.parse(readFileSync(join(dir, 'seen.json'), 'utf8')) as { pid: number };
    await database.query(`UPDATE engine_lease SET token = token + 1, owner = 'job 2'`);
    expect(childFailureOf(await ended)).toEqual({ kind: 'crashed', retry: true });
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    // What is another's now is not given back by the former holder.
    expect(await lease()).toMatchObject({ token: '2', owner: 'job 2', held: true });
  });

  it('can’t be renewed while Postgres is away, and is given up before it ends', async () => {
    let away = false;
    const flaky = { query: (sql: string, values?: unknown[]) => (away ? Promise.reject(new Error('away')) : database.query(sql, values)) };
    const ended = underEngineLease(flaky as never, 'job 1', times)(options('deaf')).catch((error: unknown) => error);
    await started();
    away = true;
    expect(childFailureOf(await ended)).toEqual({ kind: 'crashed', retry: true });
  });
});
