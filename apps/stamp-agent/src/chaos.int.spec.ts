import { join } from 'node:path';
import type { HoldCommand } from '@lapidary/contracts/agent-protocol';
import { loadConfig } from '@lapidary/config/load';
import { StampAgentConfigSchema } from '@lapidary/config/stamp-agent';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { startAgent, type Agent } from './agent.js';
import { silent, startProxy, startWorkload, temporaryDirectory, TestControlPlane } from './agent.fixture.js';

/** Repeatable: the seed stands in the test's name, and in the failure. */
const randomFrom = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
};

const tenants = ['acme', 'bolt', 'cargo', 'delta'];
const steps = 40;

describe('an agent through cuts, restarts, lost, late and repeated pushes', () => {
  it.each([11, 12])('never serves what it let go of, and ends with the truth (seed %i)', async (seed) => {
    const random = randomFrom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const region = freshRegion();
    const controlPlane = new TestControlPlane(testNats().url, region, `${region}-1`);
    controlPlane.resyncMs = 1_000;
    const [workload, proxy, directory] = await Promise.all([startWorkload(), startProxy(testNats().url), temporaryDirectory()]);
    await controlPlane.start();
    const config = loadConfig(StampAgentConfigSchema, {
      LAPIDARY_STAMP: controlPlane.stamp,
      LAPIDARY_REGION: region,
      LAPIDARY_AGENT_TOKEN: 'a-token-of-sixteen-or-more',
      LAPIDARY_HTTP_PORT: '0',
      LAPIDARY_WORKLOAD_URL: workload.url,
      LAPIDARY_NATS_URL: proxy.url,
      LAPIDARY_HOLDINGS_FILE: join(directory.path, 'holdings.json'),
    });
    let agent: Agent = await startAgent(config, silent);
    const status = async (tenant: string, epoch: number): Promise<number> => {
      const response = await fetch(agent.url, { headers: { 'x-lapidary-tenant': tenant, 'x-lapidary-epoch': String(epoch) } });
      await response.text();
      return response.status;
    };

    /** The tenant's epoch, and whether it is placed here; `letGo`: the agent has acknowledged the last drop. */
    const truth = new Map(tenants.map((name) => [name, { epoch: 0, here: false, letGo: true }]));
    const sent: HoldCommand[] = [];
    const push = async (command: HoldCommand): Promise<void> => {
      sent.push(command);
      if (random() < 0.3) return;
      const reply = await controlPlane.push(command, 1_500).catch(() => null);
      const tenant = truth.get(command.tenant)!;
      if (reply !== null && !command.hold && reply.epoch === 0 && tenant.epoch === command.epoch) tenant.letGo = true;
    };
    const change = async (): Promise<void> => {
      const name = pick(tenants);
      const tenant = truth.get(name)!;
      tenant.epoch += 1;
      tenant.here = !tenant.here;
      tenant.letGo = false;
      await push(tenant.here ? controlPlane.place(name, tenant.epoch) : controlPlane.remove(name, tenant.epoch));
    };
    const actions: readonly (() => Promise<void> | void)[] = [
      change,
      change,
      change,
      async () => {
        if (sent.length > 0) await controlPlane.push(pick(sent), 1_500).catch(() => undefined);
      },
      () => proxy.cut(),
      () => proxy.restore(),
      () => proxy.restore(),
      async () => {
        await agent.stop(0);
        agent = await startAgent(config, silent);
      },
    ];

    try {
      for (let step = 0; step < steps; step++) {
        await pick(actions)();
        for (const [name, { epoch, here, letGo }] of truth) {
          // What a router with the newest directory sends is never served by a stamp that isn't the tenant's; what one with
          // an old directory sends is not served once the drop was acknowledged.
          if (!here && letGo && epoch > 0) expect([step, name, await status(name, Math.max(1, epoch - 1))]).toEqual([step, name, 421]);
          if (!here && epoch > 0) expect([step, name, await status(name, epoch)]).toEqual([step, name, 421]);
        }
      }
      proxy.restore();
      await waitFor('registration', () => agent.state() === 'registered' || undefined, { timeoutMs: 60_000 });
      for (const [name, { epoch, here }] of truth) {
        if (epoch === 0) continue;
        const expected = here ? 200 : 421;
        await waitFor(`${name}@${epoch} → ${expected}`, async () => (await status(name, epoch)) === expected || undefined, {
          timeoutMs: 60_000,
        });
        if (!here) {
          await waitFor(`${name} let go`, async () => (await status(name, 1)) === 421 || undefined, { timeoutMs: 60_000 });
        }
      }
    } finally {
      await agent.stop(0);
      await Promise.all([controlPlane.stop(), workload.close(), proxy.close(), directory.remove()]);
    }
  });
});
