import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { proves } from '@lapidary/testing/proves';
import { startFleet, type Fleet } from './fleet.js';
import { throughRouter } from './router-client.js';

/** The drill of I7 as operators run it, in its short form. */
let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ name: 'drill' });
});
afterAll(() => fleet?.stop());

test(
  proves('with every control plane, database and NATS server killed no request fails, all comes back, and a dated report says so (I7)', {
    operation: 'route',
    failure: 'everything-down',
    outcome: 'works',
  }),
  async () => {
    for (const tenant of ['acme', 'borealis']) {
      expect((await fleet.stampctl(['tenants', 'create', tenant, '--region', 'eu'])).code).toBe(0);
      for (const region of ['eu', 'us'])
        await waitFor(
          `${tenant} to be served by ${region}`,
          async () =>
            (await throughRouter(fleet.run.regions[region]!.router, `${tenant}.lapidary.localhost`, '/api/whoami')).status === 200 ||
            undefined,
          { timeoutMs: 60_000 },
        );
    }
    const refused = await fleet.stampctl(['drill', 'control-plane-down']);
    expect([refused.code, refused.stderr]).toEqual([expect.any(Number), expect.stringContaining('--yes')]);
    expect(refused.code).not.toBe(0);

    const before = fleet.processes();
    const drill = await fleet.stampctl(['drill', 'control-plane-down', '--for', '3s', '--yes', '-o', 'json', '--report', fleet.dataDir]);
    expect([drill.code, drill.stderr]).toEqual([0, expect.stringContaining('Report: ')]);
    const report = JSON.parse(drill.stdout) as {
      passed: boolean;
      killed: { name: string; pid: number }[];
      counts: { router: string; phase: string; requests: number; errors: number }[];
    };
    expect(report.passed).toBe(true);
    expect(report.killed).toHaveLength(6);
    for (const router of ['router-eu', 'router-us'])
      expect(report.counts.find((c) => c.router === router && c.phase === 'down')).toMatchObject({
        errors: 0,
        requests: expect.any(Number),
      });

    const file = /Report: (.*)$/m.exec(drill.stderr)![1]!;
    expect(path.basename(file)).toMatch(/^\d{4}-\d\d-\d\dT.*-control-plane-down\.md$/);
    expect(readFileSync(file, 'utf8')).toContain('Passed');
    expect(existsSync(file.replace(/\.md$/, '.json'))).toBe(true);

    // Only what decides was killed; routers and stamps are the processes they were.
    const now = new Map(fleet.processes().map(({ name, pid }) => [name, pid]));
    for (const { name, pid } of before) {
      if (/^(control-plane|postgres|nats)-/.test(name)) expect(now.get(name)).not.toBe(pid);
      else expect(now.get(name)).toBe(pid);
    }
  },
);
