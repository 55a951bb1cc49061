import { connect } from 'node:net';
import { waitFor } from '@lapidary/kernel/wait-for';
import {
  becomes,
  controlPlane,
  get,
  passport,
  portOf,
  proxy,
  soon,
  startRegistered,
  statusOf,
  workload,
  useWorld,
} from './agent-world.fixture.js';

useWorld();

describe('placements reach the agent', () => {
  it('by push, and the answer says what is held', async () => {
    const agent = await startRegistered();
    expect(await controlPlane.push(controlPlane.place('acme', 1))).toEqual({
      ok: true,
      instanceId: agent.instanceId,
      stampEpoch: 1,
      epoch: 1,
    });
    expect(await statusOf(agent, 'acme', 1)).toBe(200);
    expect(await controlPlane.push(controlPlane.place('acme', 2))).toMatchObject({ epoch: 2 });
    expect(await controlPlane.push(controlPlane.remove('acme', 3))).toMatchObject({ epoch: 0 });
    expect(await statusOf(agent, 'acme', 2)).toBe(421);
  });

  it('on a miss: a request for a placement whose push is lost is served at once', async () => {
    const agent = await startRegistered();
    controlPlane.place('acme', 1);
    expect(await statusOf(agent, 'acme', 1)).toBe(200);
    controlPlane.place('acme', 2);
    expect(await statusOf(agent, 'acme', 2)).toBe(200);
  });

  it('a miss during a question that is already on its way waits for the next answer', async () => {
    const agent = await startRegistered();
    let release = (): void => undefined;
    controlPlane.beforeSyncAnswer = () => new Promise((resolve) => (release = resolve));
    const first = statusOf(agent, 'nobody', 1);
    await waitFor('the first question', () => controlPlane.syncs >= 1 || undefined, soon);
    controlPlane.place('acme', 1);
    const second = statusOf(agent, 'acme', 1);
    controlPlane.beforeSyncAnswer = () => Promise.resolve();
    release();
    expect(await first).toBe(421);
    expect(await second).toBe(200);
  });

  it('100 misses at once are few questions, and all are refused within the wait', async () => {
    const agent = await startRegistered();
    const before = controlPlane.syncs;
    const startedMs = performance.now();
    const statuses = await Promise.all(Array.from({ length: 100 }, (_, i) => statusOf(agent, `nobody-${i}`, 1)));
    expect(new Set(statuses)).toEqual(new Set([421]));
    const elapsedMs = performance.now() - startedMs;
    expect(controlPlane.syncs - before).toBeLessThanOrEqual(2 + Math.ceil(elapsedMs / 250));
  });

  it('a push that arrives while a request waits wakes it', async () => {
    const agent = await startRegistered();
    controlPlane.beforeSyncAnswer = () => new Promise(() => undefined);
    const waiting = statusOf(agent, 'acme', 1);
    await waitFor('the question', () => controlPlane.syncs >= 1 || undefined, soon);
    await controlPlane.push(controlPlane.place('acme', 1));
    expect(await waiting).toBe(200);
  });

  it('pushes in any order and number end in the newest state', async () => {
    const agent = await startRegistered();
    const history = [
      controlPlane.place('acme', 1),
      controlPlane.place('bolt', 1),
      controlPlane.remove('acme', 2),
      controlPlane.place('acme', 3),
      controlPlane.remove('bolt', 2),
    ];
    for (const command of [history[3]!, history[0]!, history[4]!, history[2]!, history[1]!, history[0]!, history[3]!, history[2]!])
      await controlPlane.push(command);
    expect(await statusOf(agent, 'acme', 3)).toBe(200);
    expect(await statusOf(agent, 'bolt', 1)).toBe(421);
  });

  it('by full comparison: what a lost push should have dropped is dropped', async () => {
    controlPlane.resyncMs = 1_000;
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    expect(await statusOf(agent, 'acme', 1)).toBe(200);
    controlPlane.remove('acme', 2);
    await becomes(agent, 'acme', 1, 421);
  });

  it('after a reconnect, at once', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    proxy.cut();
    controlPlane.remove('acme', 2);
    proxy.restore();
    await becomes(agent, 'acme', 1, 421);
  });

  it('also where the directory was restored from a backup and its cursors went back', async () => {
    controlPlane.place('acme', 1);
    controlPlane.place('bolt', 1);
    const agent = await startRegistered();
    controlPlane.remove('bolt', 1);
    controlPlane.cursor = 1;
    await statusOf(agent, 'nobody', 1);
    expect(await statusOf(agent, 'bolt', 1)).toBe(421);
    expect(await controlPlane.push(controlPlane.place('cargo', 1))).toMatchObject({ epoch: 1 });
  });
});

describe('a dropped tenant', () => {
  it('is acknowledged only when its requests in flight are over', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const slow = get(agent, passport('acme', 1), '/slow');
    await waitFor('the slow request', () => workload.waiting() === 1 || undefined, soon);
    let acknowledged = false;
    const drop = controlPlane.push(controlPlane.remove('acme', 2)).then((reply) => {
      acknowledged = true;
      return reply;
    });
    await becomes(agent, 'acme', 1, 421);
    expect(acknowledged).toBe(false);
    workload.release();
    expect(await (await slow).text()).toBe('released');
    expect(await drop).toMatchObject({ epoch: 0 });
  });

  it('has what does not end cut off: a request and a tunnel', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered();
    const slow = get(agent, passport('acme', 1), '/slow').then(
      (r) => r.text(),
      (error: unknown) => error,
    );
    const tunnel = connect(portOf(agent), '127.0.0.1');
    const tunnelClosed = new Promise<void>((resolve) => tunnel.on('close', () => resolve()));
    tunnel.on('error', () => undefined);
    let text = '';
    tunnel.on('data', (chunk) => (text += chunk.toString()));
    tunnel.write(
      'GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Lapidary-Tenant: acme\r\nX-Lapidary-Epoch: 1\r\n\r\n',
    );
    await waitFor('the tunnel', () => /^HTTP\/1.1 101 /.test(text) || undefined, soon);
    tunnel.write('ping');
    await waitFor('an echo', () => text.includes('echo:ping') || undefined, soon);
    await waitFor('the slow request', () => workload.waiting() === 1 || undefined, soon);
    expect(await controlPlane.push(controlPlane.remove('acme', 2))).toMatchObject({ epoch: 0 });
    await tunnelClosed;
    expect(await slow).toMatchObject({ name: 'TypeError' });
    await waitFor('the workload to see it', () => workload.waiting() === 0 || undefined, soon);
  });
});
