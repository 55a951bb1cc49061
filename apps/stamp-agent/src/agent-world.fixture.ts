import { join } from 'node:path';
import { loadConfig } from '@lapidary/config/load';
import { StampAgentConfigSchema } from '@lapidary/config/stamp-agent';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { startAgent, type Agent } from './agent.js';
import {
  silent,
  startProxy,
  startWorkload,
  temporaryDirectory,
  TestControlPlane,
  type TestProxy,
  type TestWorkload,
} from './agent.fixture.js';

export const soon = { timeoutMs: 60_000, intervalMs: 10 };
export let controlPlane: TestControlPlane;
export let workload: TestWorkload;
export let proxy: TestProxy;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const agents = new Set<Agent>();

export const start = async (env: Record<string, string> = {}): Promise<Agent> => {
  const config = loadConfig(StampAgentConfigSchema, {
    LAPIDARY_STAMP: controlPlane.stamp,
    LAPIDARY_REGION: controlPlane.region,
    LAPIDARY_AGENT_TOKEN: 'a-token-of-sixteen-or-more',
    LAPIDARY_HTTP_PORT: '0',
    LAPIDARY_WORKLOAD_URL: workload.url,
    LAPIDARY_NATS_URL: proxy.url,
    ...env,
  });
  const agent = await startAgent(config, silent);
  agents.add(agent);
  return agent;
};
export const stop = async (agent: Agent, graceMs = 0): Promise<void> => {
  agents.delete(agent);
  await agent.stop(graceMs);
};
export const inState = (agent: Agent, state: string) => waitFor(`state ${state}`, () => agent.state() === state || undefined, soon);
export const startRegistered = async (env?: Record<string, string>): Promise<Agent> => {
  const agent = await start(env);
  await inState(agent, 'registered');
  return agent;
};
export const holdingsFile = () => ({ LAPIDARY_HOLDINGS_FILE: join(directory.path, 'holdings.json') });

export const passport = (tenant: string, epoch: number | string): Record<string, string> => ({
  'x-lapidary-tenant': tenant,
  'x-lapidary-epoch': String(epoch),
});
export const get = (agent: Agent, headers: Record<string, string>, path = '/api/orders', init: RequestInit = {}) =>
  fetch(new URL(path, agent.url), { ...init, headers: { ...headers, ...(init.headers as Record<string, string>) } });
export const statusOf = async (agent: Agent, tenant: string, epoch: number): Promise<number> => {
  const response = await get(agent, passport(tenant, epoch));
  await response.text();
  return response.status;
};
export const becomes = (agent: Agent, tenant: string, epoch: number, status: number) =>
  waitFor(`${tenant}@${epoch} → ${status}`, async () => (await statusOf(agent, tenant, epoch)) === status || undefined, soon);
export const portOf = (agent: Agent): number => Number(new URL(agent.url).port);

/** After its workload was closed: another at the same address. */
export const restartWorkload = async (): Promise<void> => {
  workload = await startWorkload(Number(new URL(workload.url).port));
};

/** A control plane, a workload and a NATS address of its own for each test of the file. */
export const useWorld = (): void => {
  beforeEach(async () => {
    const region = freshRegion();
    controlPlane = new TestControlPlane(testNats().url, region, `${region}-1`);
    [workload, proxy, directory] = await Promise.all([startWorkload(), startProxy(testNats().url), temporaryDirectory()]);
    await controlPlane.start();
  });

  afterEach(async () => {
    for (const agent of agents) await stop(agent);
    await Promise.all([controlPlane.stop(), workload.close(), proxy.close(), directory.remove()]);
  });
};
