import { waitFor } from '@lapidary/kernel/wait-for';
import {
  controlPlane,
  get,
  inState,
  passport,
  soon,
  start,
  startRegistered,
  statusOf,
  stop,
  workload,
  useWorld,
} from './agent-world.fixture.js';

useWorld();

describe('registration', () => {
  it('goes on for ever, and heartbeats follow with rising numbers', async () => {
    controlPlane.refuseWith = 'not_found';
    const agent = await start();
    await inState(agent, 'alone');
    expect(controlPlane.heartbeats).toEqual([]);
    controlPlane.refuseWith = null;
    await inState(agent, 'registered');
    await waitFor('three heartbeats', () => controlPlane.heartbeats.length >= 3 || undefined, soon);
    expect(controlPlane.heartbeats.slice(0, 3).map((h) => [h.sequence, h.epoch, h.instanceId])).toEqual(
      [1, 2, 3].map((n) => [n, 1, agent.instanceId]),
    );
    expect(controlPlane.registrations[0]).toMatchObject({
      stamp: controlPlane.stamp,
      frontDoor: agent.url,
      token: 'a-token-of-sixteen-or-more',
    });
  });

  it('a fenced process stops serving at once, and serves again at a higher epoch', async () => {
    controlPlane.place('acme', 1);
    const old = await startRegistered();
    const young = await startRegistered();
    expect(await statusOf(young, 'acme', 1)).toBe(200);
    await statusOf(old, 'nobody', 1);
    const response = await get(old, passport('acme', 1));
    expect(response.status).toBe(421);
    expect(response.headers.get('x-lapidary-held-epoch')).toBe('none');
    await stop(young);
    await inState(old, 'registered');
    expect(controlPlane.stampEpoch).toBe(3);
    expect(await statusOf(old, 'acme', 1)).toBe(200);
  });

  it('a fenced process hears it at once, not at its next sync; the word of its own epoch is nothing new (P-HB3)', async () => {
    const old = await startRegistered();
    controlPlane.fence(1);
    const young = await startRegistered();
    // No sync says anything to it, neither the next one nor one that is late.
    controlPlane.beforeSyncAnswer = () => new Promise(() => undefined);
    controlPlane.fence(2);
    await waitFor('the old one to register anew', () => controlPlane.registrations.length === 3 || undefined, soon);
    expect(controlPlane.registrations.map((r) => r.instanceId)).toEqual([old.instanceId, young.instanceId, old.instanceId]);
    expect(young.state()).toBe('registered');
  });

  it('two live processes do not fence each other without pause', async () => {
    const first = await startRegistered();
    const second = await startRegistered();
    const before = controlPlane.registrations.length;
    const beganMs = performance.now();
    const fightMs = 2_500;
    await waitFor(
      'the fight',
      async () => {
        await Promise.all([statusOf(first, 'nobody', 1), statusOf(second, 'nobody', 1)]);
        return performance.now() > beganMs + fightMs || undefined;
      },
      { timeoutMs: 60_000 },
    );
    // Each waits longer before it takes the place back; where the machine made the fight longer, there is time for more.
    expect(controlPlane.registrations.length - before).toBeLessThanOrEqual(6 * Math.ceil((performance.now() - beganMs) / (2 * fightMs)));
  });
});

describe('stopping', () => {
  it('finishes what is in flight and takes nothing new', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const slow = get(agent, passport('acme', 1), '/slow');
    await waitFor('the slow request', () => workload.waiting() === 1 || undefined, soon);
    const stopped = stop(agent, 5_000);
    await waitFor(
      'a closed door',
      async () =>
        get(agent, {}, '/_lapidary/healthz').then(
          () => undefined,
          () => true,
        ),
      soon,
    );
    workload.release();
    expect(await (await slow).text()).toBe('released');
    await stopped;
  });

  it('loses no request on kept connections, also none that can’t be repeated (P-LB5)', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const outcomes = new Set<string>();
    let refused = false;
    const client = async (): Promise<void> => {
      while (!refused) {
        const post = get(agent, passport('acme', 1), '/', { method: 'POST', body: 'x' });
        await post.then(
          async (response) => {
            await response.text();
            outcomes.add(String(response.status));
          },
          (error: { cause?: { code?: string } }) => {
            refused = true;
            outcomes.add(error.cause?.code ?? 'unknown');
          },
        );
      }
    };
    const clients = Array.from({ length: 8 }, client);
    await waitFor('traffic', () => workload.requests.length > 50 || undefined, soon);
    await stop(agent, 5_000);
    await Promise.all(clients);
    expect(outcomes).toEqual(new Set(['200', 'ECONNREFUSED']));
  });
});
