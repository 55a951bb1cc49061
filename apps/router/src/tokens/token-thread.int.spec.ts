import { waitFor } from '@lapidary/kernel/wait-for';
import { createLogger } from '@lapidary/telemetry/logger';
import { TestIssuer } from './issuer.fixture.js';
import { TokenThread } from './token-thread.js';

const rules = {
  keys: '',
  issuer: 'https://id.example.com',
  audience: 'shop',
  claim: 'tenant',
  algorithms: ['EdDSA' as const],
  skewSeconds: 0,
  cacheSeconds: 60,
};

describe('the thread that checks tokens', () => {
  it('that dies lets nobody wait, and comes back with its keys', async () => {
    const issuer = await TestIssuer.start();
    const thread = new TokenThread(rules, createLogger('test', 'silent'));
    thread.useKeys({ keys: issuer.keys });
    const token = await issuer.token('acme');
    expect(await thread.check(token)).toMatchObject({ kind: 'good', tenant: 'acme', kid: 'one' });
    const waiting = Array.from({ length: 50 }, () => thread.check(token).then(() => 'answered', () => 'rejected')); // oxfmt-ignore
    await thread['worker']!.terminate();
    expect(new Set(await Promise.all(waiting)).has('rejected')).toBe(true);
    await expect(thread.check(token)).rejects.toThrow('is being started');
    const again = await waitFor('another thread', () => thread.check(token).catch(() => undefined), { timeoutMs: 60_000, intervalMs: 20 });
    expect(again).toMatchObject({ kind: 'good', tenant: 'acme' });
    await thread.stop();
    await issuer.down();
  });
});
