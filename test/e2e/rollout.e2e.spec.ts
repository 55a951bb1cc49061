import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RolloutView } from '@lapidary/contracts/api/rollouts';
import type { StampView } from '@lapidary/contracts/api/stamps';
import { waitFor } from '@lapidary/kernel/wait-for';
import { proves } from '@lapidary/testing/proves';
import { startFleet, type Fleet } from './fleet.js';
import { throughRouter } from './router-client.js';

/**
 * A roll-out over real stamps: processes, databases, front doors, traffic through the routers. Four stamps in CI; the
 * whole demonstration over twelve is `npm run demo:rollout`.
 */
const isWhole = process.env['LAPIDARY_ROLLOUT_STAMPS'] === '12';
/** eu-1, eu-2 and us-1 stand in their rings by their files. */
const rings: Readonly<Record<string, string>> = isWhole
  ? {
      ...{ 'eu-1': 'canary', 'us-2': 'canary', 'us-1': 'early', 'us-3': 'early', 'eu-3': 'early', 'eu-4': 'early' },
      ...{ 'eu-2': 'broad', 'eu-5': 'broad', 'eu-6': 'broad', 'us-4': 'broad', 'us-5': 'broad', 'us-6': 'broad' },
    }
  : { 'eu-1': 'canary', 'us-1': 'early', 'eu-2': 'broad', 'us-2': 'broad' };
const target = '2.0.0';
/** Short enough for a test, long enough for the sample that a judgement needs. */
const policy = [
  '--soak',
  '6s',
  '--concurrency',
  '4',
  ...['settleSeconds=4', 'confirmSeconds=2', 'requestsMin=60'].flatMap((f) => ['--set', f]),
];
const pauseMs = isWhole ? 250 : 40;
const soon = { timeoutMs: 180_000, intervalMs: 250 };

const directory = mkdtempSync(path.join(tmpdir(), 'lapidary-rollout-'));
const faultsFile = path.join(directory, 'faults.json');
const faults = (...list: unknown[]): void => writeFileSync(faultsFile, JSON.stringify(list));

let fleet: Fleet;
let stamps: { name: string; region: string; ring: string }[];
/** Status codes of each stamp's tenant since the last look. */
const answers = new Map<string, number[]>();
let isOver = false;
const flows: Promise<void>[] = [];

const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await fleet.stampctl([...args, '-o', 'json'])).stdout) as T;
const tenantOf = (stamp: string): string => `on-${stamp}`;

/** One customer per stamp, who asks again and again. */
const customer = async (stamp: string, region: string): Promise<void> => {
  while (!isOver) {
    const answer = await throughRouter(fleet.run.regions[region]!.router, `${tenantOf(stamp)}.lapidary.localhost`, '/api/whoami').catch(
      () => null,
    );
    answers.get(stamp)!.push(answer?.status ?? 0);
    await sleep(pauseMs);
  }
};

/** A tenant on this very stamp: its neighbours are cordoned for the moment. */
const settle = async (stamp: string, region: string): Promise<void> => {
  const api = fleet.api(region);
  const others = stamps.filter((s) => s.region === region && s.name !== stamp);
  for (const { name } of others) await api.post(`/v1/stamps/${name}/cordon`, { reason: 'a tenant for another one' });
  const created = await api.post('/v1/tenants?wait=20', { id: tenantOf(stamp), region, residency: [region] });
  expect(created.body).toMatchObject({ placement: { stamp } });
  for (const { name } of others) await api.post(`/v1/stamps/${name}/uncordon`, {});
};

const versionServed = async ({ name, region }: { name: string; region: string }): Promise<string> => {
  const answer = await throughRouter(fleet.run.regions[region]!.router, `${tenantOf(name)}.lapidary.localhost`, '/api/whoami');
  return (JSON.parse(answer.body) as { version: string }).version;
};

const rolloutIs = (what: string, holds: (r: RolloutView) => boolean): Promise<RolloutView> =>
  waitFor(
    `the roll-out to be ${what}`,
    async () => {
      const answer = await fleet
        .api('eu')
        .get('/v1/rollouts')
        .catch(() => null);
      const rollout = answer?.status === 200 ? (answer.body as { items: RolloutView[] }).items[0] : undefined;
      return rollout && holds(rollout) ? rollout : undefined;
    },
    soon,
  );

beforeAll(async () => {
  faults();
  fleet = await startFleet({ name: 'rollout', testFaults: faultsFile });
  const provision = async (region: string): Promise<void> => {
    for (const [name, ring] of Object.entries(rings)) {
      if (!name.startsWith(`${region}-`) || name.endsWith('-1')) continue;
      const made = await fleet.stampctl(['provision', name, ...(name === 'eu-2' ? [] : ['--ring', ring])]);
      expect([name, made.code, made.code === 0 ? '' : made.stderr]).toEqual([name, 0, '']);
    }
  };
  await Promise.all(['eu', 'us'].map(provision));
  stamps = (await json<{ items: StampView[] }>('stamps', 'ls')).items.map(({ name, region, ring }) => ({ name, region, ring }));
  expect(Object.fromEntries(stamps.map((s) => [s.name, s.ring]))).toEqual(rings);
  for (const { name, region } of stamps) await settle(name, region);
  for (const { name, region } of stamps) {
    answers.set(name, []);
    flows.push(customer(name, region));
  }
  await waitFor(
    'traffic everywhere',
    () => ([...answers.values()].every((a) => a.filter((s) => s === 200).length > 5) ? true : undefined),
    soon,
  );
}, 600_000);

afterAll(async () => {
  isOver = true;
  await Promise.all(flows);
  await fleet?.stop();
  rmSync(directory, { recursive: true });
});

const inRing = (ring: string): string[] => stamps.filter((s) => s.ring === ring).map((s) => s.name);

test(
  proves('the second wave gets worse, and the coordinator is killed on the way: halted, taken back, nobody else touched (P-ST8, I8)', {
    operation: 'rollout',
    failure: 'control-plane-down',
    outcome: 'recovers',
  }),
  async () => {
    faults({ version: target, stamps: inRing('early'), errorShare: 0.4 });
    const before = await versionServed(stamps[0]!);
    for (const list of answers.values()) list.length = 0;
    expect(await fleet.stampctl(['rollout', 'start', '--workload', target, ...policy])).toMatchObject({ code: 0 });
    await rolloutIs('in its second wave', (r) => ['changing', 'soaking'].includes(r.waves[1]!.status));
    fleet.kill('control-plane-eu', 'SIGKILL');

    await rolloutIs('halted', (r) => r.status === 'halted');
    const end = await json<RolloutView>('rollout', 'status');
    expect(end.status).toBe('halted');
    expect(end.statusReason).toMatch(/requests fail/);
    expect(end.waves.map((w) => w.status)).toEqual(['passed', 'reverted', 'skipped', 'skipped']);
    expect(end.waves[0]!.verdict!.outcome).toBe('passed');
    for (const stamp of stamps)
      expect([stamp.name, await versionServed(stamp)]).toEqual([stamp.name, stamp.ring === 'canary' ? target : before]);
    for (const name of inRing('broad')) expect([name, answers.get(name)!.filter((status) => status !== 200)]).toEqual([name, []]);
    expect((await fleet.stampctl(['rollout', 'status', '--watch'])).code).toBe(1);
    await waitFor(
      'no stamp to be held',
      async () => ((await fleet.api('eu').get('/v1/stamps')).body as { items: StampView[] }).items.every((s) => !s.heldBy) || undefined,
      soon,
    );
  },
  400_000,
);

(isWhole ? test : test.skip)(
  'twelve stamps: the control group gets worse too, and the roll-out is held instead of halted',
  async () => {
    expect((await fleet.stampctl(['rollout', 'rollback', '--yes', '--watch'])).code).toBe(0);
    faults({ version: '*', errorShare: 0.4 });
    expect(await fleet.stampctl(['rollout', 'start', '--workload', target, ...policy])).toMatchObject({ code: 0 });
    const errorsOf = (r: RolloutView) => r.waves[0]!.checks.find((c) => c.measure === 'errors');
    await rolloutIs('held', (r) => errorsOf(r)?.outcome === 'hold');
    // The window of a check slides, so its samples say nothing of time; the customers' requests do.
    const asked = (): number => [...answers.values()].reduce((sum, list) => sum + list.length, 0);
    const enough = asked() + 2_000;
    const long = await rolloutIs('held for long', () => asked() > enough);
    expect(errorsOf(long)!.outcome).toBe('hold');
    expect(long).toMatchObject({ status: 'running', waves: [{ status: 'soaking' }, { status: 'pending' }, {}, {}] });
    faults();
    const passed = await rolloutIs('well again', (r) => r.waves[0]!.status === 'passed');
    expect(passed.waves[0]!.verdict!.outcome).toBe('passed');
    expect((await fleet.stampctl(['rollout', 'abort'])).code).toBe(0);
  },
  600_000,
);
