import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freePort } from '@lapidary/tools/local/free-port';
import { ManagedProcess } from '@lapidary/tools/local/managed-process';
import { prepareNats } from '@lapidary/tools/local/nats-server';
import { addStamp, openDatabase, openWorld, tenantInput } from '../../test/world.js';
import { domainFeatures } from '../process/features.js';
import { HealthModule } from './health.module.js';

/** Twice what a stamp may be silent for; pings of the connection find a server that is held up after four to six seconds. */
const heldMs = 8_000;

it('a NATS server that is held up makes no stamp suspected, and tenants are placed; once it answers, silence is the stamp’s own again (P-HB4)', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'lapidary-held-'));
  const port = await freePort();
  const { launch, url } = await prepareNats({
    binDir: path.join(process.cwd(), '.lapidary/bin'),
    dir: path.join(root, 'nats'),
    name: 'held',
    port,
  });
  const server = new ManagedProcess(launch, { logFile: path.join(root, 'log'), pidDir: path.join(root, 'pids') });
  server.start();
  await waitFor('nats-server', () => server.snapshot.state === 'ready' || undefined, { timeoutMs: 60_000 });
  const database = await openDatabase();
  const world = await openWorld(database, { natsUrl: url, features: [...domainFeatures, HealthModule] });
  const health = async (): Promise<string> =>
    (await world.query<{ health: string }>(`SELECT health FROM stamp WHERE name = 'eu-1'`))[0]!.health;
  const beat = async (): Promise<void> => {
    await world.query(
      `INSERT INTO stamp_observation (stamp, instance_id, epoch, last_heartbeat_at, front_door, workload_healthy) VALUES ('eu-1', 'i', 1, clock_timestamp(), '', true)
       ON CONFLICT (stamp) DO UPDATE SET last_heartbeat_at = clock_timestamp()`,
    );
  };
  const until = async (wanted: string, meanwhile: () => Promise<void>): Promise<void> => {
    await waitFor(
      wanted,
      async () => {
        await meanwhile();
        return (await health()) === wanted || undefined;
      },
      { timeoutMs: 60_000, intervalMs: 200 },
    );
  };
  try {
    await addStamp(world, 'eu-1', 1_000);
    await until('healthy', beat);
    await beat();
    process.kill(server.snapshot.pid!, 'SIGSTOP');
    try {
      const untilMs = performance.now() + heldMs;
      await waitFor(
        'the time to pass',
        async () => {
          expect(await health()).toBe('healthy');
          return performance.now() > untilMs || undefined;
        },
        { timeoutMs: 60_000, intervalMs: 200 },
      );
      const { status, body } = await world.ask('POST', '/v1/tenants', { body: tenantInput('meanwhile') });
      expect([status, body['status']]).toEqual([201, 'placed']);
    } finally {
      process.kill(server.snapshot.pid!, 'SIGCONT');
    }
    await until('suspected', async () => Promise.resolve());
  } finally {
    await world.close();
    await database.drop();
    await server.stop(5_000);
    await rm(root, { recursive: true, force: true });
  }
});
