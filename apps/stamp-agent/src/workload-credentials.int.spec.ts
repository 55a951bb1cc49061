import { CredentialsRequestSchema, type CredentialsReply, type CredentialsRequest } from '@lapidary/contracts/agent-protocol';
import { agentCredentials } from '@lapidary/contracts/subjects';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { waitFor } from '@lapidary/kernel/wait-for';
import { testNats } from '@lapidary/testing/backends';
import { controlPlane, get, passport, restartWorkload, soon, startRegistered, useWorld, workload } from './agent-world.fixture.js';
import { silent } from './agent.fixture.js';

useWorld();

let link: NatsLink;
let asked: CredentialsRequest[];
let lifeMs: number;

const reply = (request: CredentialsRequest): CredentialsReply => {
  asked.push(request);
  const expiresAt = new Date(Date.now() + lifeMs).toISOString();
  return { ok: true, url: 'http://api.test', token: `token-number-${asked.length}-of-this-stamp`, expiresAt, lifeMs };
};

beforeEach(async () => {
  asked = [];
  lifeMs = 3_600_000;
  link = new NatsLink({ url: testNats().url, name: 'test', logger: silent });
  await waitFor('NATS', () => link.isConnected || undefined, soon);
  link.serveJson(agentCredentials(controlPlane.region), CredentialsRequestSchema, reply);
  await link.connection.flush();
});
afterEach(async () => link.close());

const handedOver = (): string[] =>
  workload.requests.filter((r) => r.method === 'PUT' && r.url === '/_lapidary/credentials').map((r) => r.url!);

describe('a token for the workload', () => {
  it('is asked for by the registered process, and handed over again to a workload that was started anew', async () => {
    const agent = await startRegistered();
    await waitFor('the token', () => handedOver().length > 0 || undefined, soon);
    expect(asked[0]).toMatchObject({ stamp: controlPlane.stamp, instanceId: agent.instanceId, epoch: 1 });
    await workload.close();
    await restartWorkload();
    await waitFor('the token, once more', () => handedOver().length > 0 || undefined, { ...soon, timeoutMs: 60_000 });
    expect(asked).toHaveLength(1);
  });

  it('is followed by the next one before it ends', async () => {
    lifeMs = 1_000;
    await startRegistered();
    await waitFor('three tokens', () => asked.length >= 3 || undefined, { ...soon, timeoutMs: 60_000 });
  });

  it('is followed by the next one where the workload says that it was refused, and not again and again', async () => {
    workload.refusedToken = 'token-number-1-';
    await startRegistered();
    await waitFor('another token', () => asked.length >= 2 || undefined, { ...soon, timeoutMs: 60_000 });
    const told = handedOver().length;
    await waitFor('it to be taken', () => handedOver().length >= told + 2 || undefined, { ...soon, timeoutMs: 60_000 });
    expect(asked).toHaveLength(2);
  });

  it('can’t be handed over by a tenant’s client', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    await waitFor('the token', () => handedOver().length > 0 || undefined, soon);
    const forged = await get(agent, passport('acme', 1), '/_lapidary/credentials', { method: 'PUT', body: '{}' });
    expect(forged.status).toBe(404);
    expect(workload.requests.filter((r) => r.headers['x-lapidary-tenant'] !== undefined)).toEqual([]);
  });
});
