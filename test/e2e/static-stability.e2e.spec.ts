import { spawn, type ChildProcess } from 'node:child_process';
import { waitFor } from '@lapidary/kernel/wait-for';
import { proves } from '@lapidary/testing/proves';
import { startFleet, type Fleet } from './fleet.js';
import { commandOf, environmentOf, gone } from './process-control.js';
import { throughRouter } from './router-client.js';

/** I7: with control planes, Postgres and NATS all dead, a restarted router still serves every tenant it knew. */
let fleet: Fleet;
let standIn: ChildProcess | undefined;

const tenants = ['acme', 'borealis', 'cobalt'];
const host = (tenant: string): string => `${tenant}.lapidary.localhost`;
const whoami = async (tenant: string): Promise<string | undefined> => {
  const answer = await throughRouter(fleet.run.regions.eu!.router, host(tenant), '/api/whoami').catch(() => undefined);
  return answer?.status === 200 ? answer.body : undefined;
};

beforeAll(async () => {
  fleet = await startFleet({ name: 'static-stability' });
});
afterAll(async () => {
  standIn?.kill('SIGKILL');
  await fleet?.stop();
});

test(
  proves('a restarted router serves every tenant it knew while everything that decides is dead (I7)', {
    operation: 'route',
    failure: 'everything-down',
    outcome: 'works',
  }),
  async () => {
    for (const tenant of tenants)
      expect((await fleet.stampctl(['tenants', 'create', tenant, '--region', tenant === 'cobalt' ? 'us' : 'eu'])).code).toBe(0);
    for (const tenant of tenants) await waitFor(`${tenant} to be served`, () => whoami(tenant), { timeoutMs: 60_000 });

    const router = fleet.processes().find((p) => p.name === 'router-eu')!;
    const [environment, command] = [environmentOf(router.pid), commandOf(router.pid)];
    await waitFor('the disk copy to hold the last tenant', () => fleet.directoryCopyHolds('eu', 'cobalt'), { timeoutMs: 60_000 });

    // The supervisor is frozen so that nothing is restarted, then everything that decides is killed, and the router too.
    process.kill(fleet.run.supervisorPid, 'SIGSTOP');
    const deciders = fleet.processes().filter((p) => /^(control-plane|postgres|nats)-/.test(p.name));
    expect(deciders).toHaveLength(6);
    for (const { pid } of [...deciders, router]) process.kill(pid, 'SIGKILL');
    // A killed child of a frozen parent stays as a zombie: it runs no more.
    for (const { pid } of [...deciders, router]) await gone(pid, 60_000);
    for (const tenant of tenants) expect(await whoami(tenant)).toBeUndefined();

    standIn = spawn(command[0]!, command.slice(1), { env: environment, stdio: 'ignore' });
    for (const tenant of tenants) {
      const body = await waitFor(`${tenant} to be served from the disk copy`, () => whoami(tenant), { timeoutMs: 60_000 });
      expect(JSON.parse(body)).toMatchObject({ tenant });
    }
    // Who the copy lacks may have been made since; after half a minute without anybody who knows, it is nobody.
    const nobody = async (): Promise<number> => (await throughRouter(fleet.run.regions.eu!.router, host('nobody'), '/')).status;
    expect(await nobody()).toBe(503);
    await waitFor('the copy to be all there is', async () => (await nobody()) === 404 || undefined, { timeoutMs: 90_000 });

    standIn.kill('SIGKILL');
    await gone(standIn.pid!, 60_000);
    process.kill(fleet.run.supervisorPid, 'SIGCONT');
    await waitFor(
      'everything to be back by itself',
      async () =>
        (
          await fleet
            .api('eu')
            .get('/v1/stamps')
            .catch(() => null)
        )?.status === 200
          ? true
          : undefined,
      { timeoutMs: 120_000 },
    );
    for (const tenant of tenants) await waitFor(`${tenant} to be served again`, () => whoami(tenant), { timeoutMs: 60_000 });
  },
);
