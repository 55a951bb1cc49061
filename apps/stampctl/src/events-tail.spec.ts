import { setTimeout as sleep } from 'node:timers/promises';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { run } from './test/run-stampctl.js';

let plane: FakeControlPlane;

beforeEach(async () => {
  plane = await new FakeControlPlane().up();
});
afterEach(async () => plane.down());

describe('events tail', () => {
  test('continues after the last event seen when the control plane comes back', async () => {
    let shown: () => void = () => undefined;
    const seenFirst = new Promise<void>((done) => (shown = done));
    const ended = run(['events', 'tail', '-o', 'json', '-n', '2'], {
      env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token },
      onOut: (text) => text.includes('tenant/a') && shown(),
    });
    while (!plane.seen.some((r) => r.path === '/v1/events')) await sleep(5);
    plane.emit('lapidary.tenant.created.v1', 'tenant/a', {});
    await seenFirst;
    await plane.down();
    plane.emit('lapidary.tenant.created.v1', 'tenant/missed', {});
    await plane.up();
    const ran = await ended;
    expect(ran.exit).toBe(0);
    expect(
      ran.out
        .trim()
        .split('\n')
        .map((l) => (JSON.parse(l) as { subject: string }).subject),
    ).toEqual(['tenant/a', 'tenant/missed']);
    expect(plane.seen.filter((r) => r.path === '/v1/events').at(-1)?.headers['last-event-id']).toBe('eu-1-1');
  });

  test('a refused token ends it', async () => {
    expect((await run(['events', 'tail'], { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: 'no' } })).exit).toBe(3);
  });
});
