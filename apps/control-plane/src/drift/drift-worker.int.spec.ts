import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import { addStamp, home, openDatabase, openWorld, type World, type WorldDatabase } from '../../test/world.js';
import { systemContext } from '../http/command-context.js';
import { BackgroundDatabase } from '../outbox/background-database.js';
import { createControlPlaneMetrics } from '../process/metrics.js';
import { readVersion } from '../process/version.js';
import type { PlannerProcess } from '../provisioning/planner-process.js';
import { actorOf } from '@lapidary/replication/automerge/document-actor';
import { DocumentEngine } from '@lapidary/replication/automerge/document-engine';
import type { ReplicationTools } from '../replication/replication-tools.js';
import type { ReplicationWorker } from '../replication/replication-worker.js';
import { DriftWorker } from './drift-worker.js';
import type { PlantedStack } from './planted-stack.js';
import { type RunRow, listRuns, queueRun, startRun } from './run-rows.js';

const waitMs = 60_000;
/** Never due while a test runs: what is asked for is all there is. */
const rareMs = 3_600_000;

const defaults = `driver: local
profile: small
ring: broad
isolation: pooled
capacity: { units: 50 }
workload: { version: 0.1.0 }
labels: {}
`;

interface Replica {
  readonly worker: DriftWorker;
  readonly page: () => Promise<string>;
  stop(): Promise<void>;
}

describe('who looks for drift', () => {
  let database: WorldDatabase;
  let world: World;
  const replicas: Replica[] = [];
  /** Looks at resources get no answer, as from a planner that hangs; they end with the signal. */
  let isHanging = false;

  const replica = async (intervalMs: number, repair: 'suggest' | 'act' = 'suggest'): Promise<Replica> => {
    const { clock, logger, nats } = world.resources;
    const config = {
      ...world.resources.config,
      LAPIDARY_DRIFT_INTERVAL_MS: intervalMs,
      LAPIDARY_DRIFT_REPAIR: repair,
      LAPIDARY_LOCAL_PROCESS_DIR: '.',
      LAPIDARY_LOCAL_POSTGRES_ADMIN_URL: database.url,
    };
    const background = await BackgroundDatabase.open(database.url, home);
    const planner = {
      synthesize: async () => ({ templateVersion: readVersion('.').templateVersion, graphDigest: 'b'.repeat(64) }),
      read: async (_: unknown, signal: AbortSignal) => {
        if (isHanging) await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
        return { drifted: [] };
      },
    } as unknown as PlannerProcess;
    const planted = { driftWith: async (nonce: string) => [{ resourceType: 't', name: 'n', path: 'p', expected: null, observed: nonce }] };
    const noPeers = { links: new Map() } as unknown as ReplicationWorker;
    const nested = async () => Promise.resolve(new DocumentEngine(actorOf(home, 1)));
    const tools = { apply: { collections: { nested } } } as unknown as ReplicationTools;
    const metrics = createControlPlaneMetrics({ processMetrics: false });
    const worker = new DriftWorker(
      background,
      clock,
      planner,
      planted as unknown as PlantedStack,
      noPeers,
      tools,
      config,
      nats,
      logger,
      metrics,
    );
    worker.onApplicationBootstrap();
    const stop = async (): Promise<void> => {
      await worker.beforeApplicationShutdown();
      await background.onApplicationShutdown();
    };
    const made = { worker, stop, page: () => metrics.registry.metrics() };
    replicas.push(made);
    return made;
  };
  const runs = (): Promise<RunRow[]> => listRuns(world.resources.dataSource, { before: null, limit: 100 });
  const ask = async (): Promise<string> =>
    (await inTransaction(world.resources.dataSource, (tx) => queueRun(tx, systemContext(home, 'test', newId()), 'request', null))).run.id;
  const runIs = (id: string, status: RunRow['status']): Promise<RunRow> =>
    waitFor(`run ${id} to be ${status}`, async () => (await runs()).find((r) => r.id === id && r.status === status), { timeoutMs: waitMs });

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    await writeFile(join(world.resources.config.LAPIDARY_STAMPS_DIR, 'defaults.yaml'), defaults);
    await addStamp(world, 'eu-1', 50);
    await world.query(`UPDATE stamp SET template_version = $1`, [readVersion('.').templateVersion]);
  });
  afterEach(async () => {
    for (const { stop } of replicas.splice(0)) await stop();
    await world.query(`DELETE FROM drift_run`);
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  it('a run is made when it is due and when it is asked for; the metrics say that the sensors live', async () => {
    const { page } = await replica(1_000);
    await waitFor('two scheduled runs', async () => ((await runs()).filter((r) => r.status === 'done').length >= 2 ? true : undefined), {
      timeoutMs: waitMs,
    });
    expect((await runs()).every((r) => r.trigger === 'schedule' && r.requested_by === 'system:drift')).toBe(true);
    await runIs(await ask(), 'done');
    const text = await page();
    for (const sensor of ['spec', 'ring-sibling', 'version', 'template', 'resource'])
      expect(text).toContain(`lapidary_drift_sensor_alive{sensor="${sensor}"} 1`);
    expect(text).toMatch(/lapidary_drift_last_run_age_seconds \d/);
  });

  it('one that is asked for at the moment in which the waiting one is taken up waits behind that one', async () => {
    const { dataSource } = world.resources;
    const first = await ask();
    const takenUp: (string | undefined)[] = [];
    const { run, isNew } = await inTransaction(dataSource, async (tx) => {
      const query = async (sql: string, values?: unknown[]): Promise<unknown> => {
        const result: unknown = await tx.query(sql, values);
        if (takenUp.length === 0 && sql.includes('pg_notify')) takenUp.push((await inTransaction(dataSource, startRun))?.id);
        return result;
      };
      return await queueRun({ query } as typeof tx, systemContext(home, 'test', newId()), 'request', null);
    });
    expect([takenUp, isNew, run.status]).toEqual([[first], true, 'queued']);
    expect(run.id).not.toBe(first);
  });

  const spoil = async (): Promise<void> =>
    void (await world.query(`UPDATE directory_entry SET body = jsonb_set(body, '{epoch}', '41') WHERE key = 'stamp/eu-1'`));
  const finding = async (): Promise<{ resolved: boolean; rounds: number; quarantined: boolean } | undefined> =>
    (
      await world.query<{ resolved: boolean; rounds: number; quarantined: boolean }>(
        `SELECT resolved_at IS NOT NULL AS resolved, repair_rounds AS rounds, quarantined_at IS NOT NULL AS quarantined
           FROM drift_finding WHERE kind = 'route-epoch' AND path = 'stamp/eu-1' ORDER BY id DESC LIMIT 1`,
      )
    )[0];
  const findingIs = async (what: string, is: (f: NonNullable<Awaited<ReturnType<typeof finding>>>) => boolean): Promise<void> =>
    void (await waitFor(
      what,
      async () => {
        const found = await finding();
        return found !== undefined && is(found) ? true : undefined;
      },
      { timeoutMs: waitMs },
    ));
  const repairs = async (): Promise<number> => (await runs()).filter((r) => r.repair !== null).length;

  it('with the policy "suggest" what is found stands until somebody asks; with "act" it is repaired after the look, and found in order', async () => {
    await spoil();
    const suggesting = await replica(rareMs);
    await runIs(await ask(), 'done');
    await findingIs('it to be found', (f) => !f.resolved && f.rounds === 0);
    expect(await repairs()).toBe(0);
    await suggesting.stop();
    replicas.splice(replicas.indexOf(suggesting), 1);
    await replica(rareMs, 'act');
    await runIs(await ask(), 'done');
    await findingIs('it to be repaired by itself', (f) => f.resolved && f.rounds === 1);
    expect(await repairs()).toBe(1);
  });

  it('a repair that does not help ends in quarantine after three rounds, and is not tried again by itself (P3)', async () => {
    await world.query(`CREATE FUNCTION spoil_again() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF NEW.key = 'stamp/eu-1' THEN NEW.body := jsonb_set(NEW.body, '{epoch}', '41'); END IF; RETURN NEW; END $$`);
    await world.query(`CREATE TRIGGER spoil_again BEFORE UPDATE ON directory_entry FOR EACH ROW EXECUTE FUNCTION spoil_again()`);
    await spoil();
    await replica(1_000, 'act');
    await findingIs('it to be quarantined', (f) => f.quarantined);
    await runIs(await ask(), 'done');
    await runIs(await ask(), 'done');
    expect([await finding(), await repairs()]).toEqual([{ resolved: false, rounds: 3, quarantined: true }, 3]);
    await world.query('DROP FUNCTION spoil_again CASCADE');
    await world.query(`UPDATE directory_entry SET body = jsonb_set(body, '{epoch}', '0') WHERE key = 'stamp/eu-1'`);
    await findingIs('it to be found in order', (f) => f.resolved);
  });

  it('of two replicas one looks; when it stops, the other goes on', async () => {
    const [first, second] = [await replica(rareMs), await replica(rareMs)];
    await runIs(await ask(), 'done');
    const counted = async (r: Replica): Promise<boolean> => (await r.page()).includes('lapidary_drift_run_seconds_count{outcome="done"} 1');
    // Counted when the run's row has been written, which is seen first.
    const both = async (): Promise<boolean[]> => [await counted(first), await counted(second)];
    await waitFor('it to be counted', async () => (await both()).includes(true) || undefined, { timeoutMs: waitMs });
    const led = (await counted(first)) ? first : second;
    expect((await both()).filter(Boolean)).toHaveLength(1);
    await led.stop();
    replicas.splice(replicas.indexOf(led), 1);
    await runIs(await ask(), 'done');
    await waitFor('the other one’s to be counted', async () => (await counted(led === first ? second : first)) || undefined, {
      timeoutMs: waitMs,
    });
  });

  it('a leader that loses its session in the middle of a run is followed: the run is marked interrupted, the next one is done', async () => {
    await replica(rareMs);
    isHanging = true;
    const id = await ask();
    await runIs(id, 'running');
    await world.query(
      `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'leader:drift' AND datname = current_database()`,
    );
    isHanging = false;
    expect(await runIs(id, 'interrupted')).toMatchObject({ error: 'its leader ended' });
    await runIs(await ask(), 'done');
  });

  it('while a run hangs, the age of the last one grows all the same: who watches it must hear of it', async () => {
    await world.query(
      `INSERT INTO drift_run (id, region, trigger, requested_by, request_id, status, created_at, finished_at)
       VALUES ('eu.00A', 'eu', 'schedule', 'x', 'x', 'done', now(), now() - interval '1 hour')`,
    );
    isHanging = true;
    const { page } = await replica(rareMs);
    await runIs(await ask(), 'running');
    const age = async (): Promise<number> => Number(/^lapidary_drift_last_run_age_seconds ([\d.]+)$/m.exec(await page())?.[1] ?? 0);
    const first = await waitFor('an age', async () => ((await age()) >= 3_600 ? await age() : undefined), { timeoutMs: waitMs });
    await waitFor('it to grow', async () => (await age()) > first || undefined, { timeoutMs: waitMs });
    isHanging = false;
  });
});
