import type { RunFile } from '@lapidary/contracts/run-file';
import { alreadyRunning, greeting } from './greeting.js';

const region = (port: number) => ({
  api: `http://127.0.0.1:${port}`,
  router: `http://127.0.0.1:${port + 1}`,
  routerAdmin: `http://127.0.0.1:${port + 2}`,
  nats: 'nats://x',
  postgres: 'postgres://x',
});
const run: RunFile = {
  ready: true,
  supervisorPid: 4242,
  startedAt: '2026-01-01T00:00:00Z',
  console: 'http://127.0.0.1:31990',
  tokenFile: '/srv/lapidary/.lapidary/admin.token',
  regions: { eu: region(31_990), us: region(31_980) },
  processes: [{ name: 'nats-eu', pid: 1 }],
};

describe('greeting', () => {
  test('fits on a small terminal: at most 20 lines of at most 80 columns', () => {
    for (const lines of [greeting(run, '/srv/lapidary'), alreadyRunning(run, 4242, '/srv/lapidary')]) {
      expect(lines.length).toBeLessThanOrEqual(20);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    }
  });

  test('says the addresses, where the token is, and commands with the real router', () => {
    const text = greeting(run, '/srv/lapidary').join('\n');
    for (const part of [
      run.console,
      run.regions['us']!.api,
      '.lapidary/admin.token',
      `${run.regions['eu']!.router}/api/orders`,
      'stampctl provision eu-2',
    ])
      expect(text).toContain(part);
  });

  test('never shows a secret', () => {
    expect(greeting(run, '/').join('\n')).not.toMatch(/postgres:|nats:|#token=/);
    expect(greeting(run, '/', 'abc').join('\n')).toContain(`${run.console}/#token=abc`);
  });
});
