import { proves } from '@lapidary/testing/proves';
import { readFile, writeFile } from 'node:fs/promises';
import { waitFor } from '@lapidary/kernel/wait-for';
import {
  becomes,
  controlPlane,
  holdingsFile,
  inState,
  proxy,
  start,
  startRegistered,
  statusOf,
  stop,
  useWorld,
} from './agent-world.fixture.js';

useWorld();

describe('cut off from the control plane (ADR 0004)', () => {
  it(
    proves('serves what it holds with NATS gone, and refuses newer epochs without delay', {
      operation: 'route',
      failure: 'nats-down',
      outcome: 'works',
    }),
    async () => {
      controlPlane.place('acme', 2);
      const agent = await startRegistered();
      proxy.cut();
      expect(await statusOf(agent, 'acme', 2)).toBe(200);
      // A busy machine delays one or the other; a wait for an answer that can't come would delay each.
      let quickestMs = Infinity;
      for (let i = 0; i < 5; i += 1) {
        const startedMs = performance.now();
        expect(await statusOf(agent, 'acme', 3)).toBe(421);
        quickestMs = Math.min(quickestMs, performance.now() - startedMs);
      }
      expect(quickestMs).toBeLessThan(1_000);
    },
  );

  it('a refused sync takes nothing away', async () => {
    controlPlane.place('acme', 2);
    const agent = await startRegistered();
    controlPlane.refuseWith = 'not_found';
    await statusOf(agent, 'nobody', 1);
    expect(await statusOf(agent, 'acme', 2)).toBe(200);
  });

  it('restarted, it serves from its copy on disk, at the old epochs', async () => {
    controlPlane.place('acme', 2);
    const first = await startRegistered(holdingsFile());
    await controlPlane.push(controlPlane.place('bolt', 1));
    await controlPlane.push(controlPlane.place('cargo', 1));
    await controlPlane.push(controlPlane.remove('cargo', 2));
    await stop(first);
    proxy.cut();
    const second = await start(holdingsFile());
    await inState(second, 'alone');
    expect(await statusOf(second, 'acme', 2)).toBe(200);
    expect(await statusOf(second, 'bolt', 1)).toBe(200);
    expect(await statusOf(second, 'acme', 3)).toBe(421);
    expect(await statusOf(second, 'cargo', 1)).toBe(421);
    proxy.restore();
    controlPlane.remove('acme', 3);
    await inState(second, 'registered');
    expect(await statusOf(second, 'acme', 2)).toBe(421);
    expect(await statusOf(second, 'bolt', 1)).toBe(200);
  });

  it('asks the control plane before it believes its copy on disk', async () => {
    controlPlane.place('acme', 1);
    await stop(await startRegistered(holdingsFile()));
    controlPlane.remove('acme', 2);
    const agent = await start(holdingsFile());
    expect(await statusOf(agent, 'acme', 1)).toBe(421);
    expect(agent.state()).toBe('registered');
  });

  it('a restart so short that nothing was asked keeps the copy on disk', async () => {
    controlPlane.place('acme', 1);
    await stop(await startRegistered(holdingsFile()));
    proxy.cut();
    await stop(await start(holdingsFile()));
    const agent = await start(holdingsFile());
    await inState(agent, 'alone');
    expect(await statusOf(agent, 'acme', 1)).toBe(200);
  });

  it('refuses a copy on disk that was changed, and serves nothing of it', async () => {
    controlPlane.place('acme', 2);
    await stop(await startRegistered(holdingsFile()));
    const path = holdingsFile().LAPIDARY_HOLDINGS_FILE;
    await writeFile(path, (await readFile(path, 'utf8')).replace('"epoch":2', '"epoch":9'));
    proxy.cut();
    const agent = await start(holdingsFile());
    await inState(agent, 'alone');
    expect(await statusOf(agent, 'acme', 2)).toBe(421);
  });

  it('with LAPIDARY_HOLD_ALONE_MS it stops serving when nobody has vouched for that long', async () => {
    controlPlane.place('acme', 1);
    const agent = await startRegistered({ LAPIDARY_HOLD_ALONE_MS: '5000' });
    proxy.cut();
    expect(await statusOf(agent, 'acme', 1)).toBe(200);
    await waitFor('the limit', async () => (await statusOf(agent, 'acme', 1)) === 421 || undefined, { timeoutMs: 60_000 });
    proxy.restore();
    await becomes(agent, 'acme', 1, 200);
  });
});
