import type { Heartbeat, Traffic } from '@lapidary/contracts/agent-protocol';
import { newId } from '@lapidary/kernel/ids';
import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { HeartbeatBook } from './heartbeat-book.js';
import { readTraffic, thinTraffic } from './traffic-rows.js';
import { noTraffic } from './traffic-window.js';

let region: TestRegion;
let stamp: string;
const book = new HeartbeatBook();

const traffic = (requests: number, errors = 0): Traffic => ({
  ...noTraffic(),
  requests,
  errors,
  latency: noTraffic().latency.with(3, requests - errors),
});
const beat = async (instanceId: string, sequence: number, counters?: Traffic): Promise<string[]> => {
  book.take({
    stamp: stamp as Heartbeat['stamp'],
    instanceId,
    epoch: 1,
    sequence,
    atMs: 0,
    load: { cpuPercent: 0, memoryBytes: 0, requestsPerSecond: 0, inFlight: 0 },
    holding: { count: 0, asOf: 0 },
    workload: { healthy: true, version: '1' },
    agentVersion: '1',
    ...(counters ? { traffic: counters } : {}),
  });
  return [...(await book.flush(region.dataSource)).refused.keys()];
};
const present = async (instanceId: string): Promise<void> => {
  await region.dataSource.query(
    `INSERT INTO stamp_observation (stamp, instance_id, epoch, last_heartbeat_at, front_door) VALUES ($1, $2, 1, now(), 'x')
     ON CONFLICT (stamp) DO UPDATE SET instance_id = excluded.instance_id`,
    [stamp, instanceId],
  );
};
const age = async (seconds: number): Promise<void> => {
  await region.dataSource.query(`UPDATE stamp_traffic SET at = at - make_interval(secs => $1)`, [seconds]);
};
const window = async (ms: number): Promise<Traffic | undefined> =>
  (await readTraffic(region.dataSource, region.name, [ms])).get(ms)?.[stamp];

beforeEach(async () => {
  region = await openTestRegion();
  stamp = `${region.name}-1`;
  await region.dataSource.query(
    `INSERT INTO stamp (name, region, status, ring, profile, isolation, driver, capacity_units, spec, epoch)
     VALUES ($1, $2, 'active', 'broad', 's', 'pooled', 'local', 10, '{}', 1)`,
    [stamp, region.name],
  );
});
afterEach(async () => region.close());

it('a window is the difference of the counters at its ends, whatever was lost in between', async () => {
  const agent = newId();
  await present(agent);
  await beat(agent, 1, traffic(1_000, 10));
  await age(60);
  await beat(agent, 9, traffic(1_300, 40));
  expect(await window(30_000)).toEqual(traffic(300, 30));
  expect(await window(3_600_000)).toEqual(traffic(300, 30));
});

it('a new agent process begins at zero; the traffic of both counts, and a fenced process adds nothing (P-HB3)', async () => {
  const [old, fresh] = [newId(), newId()];
  await present(old);
  await beat(old, 1, traffic(100));
  await age(20);
  await beat(old, 2, traffic(150));
  await present(fresh);
  await age(10);
  await beat(fresh, 1, traffic(0));
  expect(await beat(old, 3, traffic(9_999, 9_999))).toEqual([stamp]);
  await age(4);
  await beat(fresh, 2, traffic(7, 1));
  expect(await window(600_000)).toMatchObject({ requests: 57, errors: 1 });
});

it('heartbeats without counters are heartbeats; a stamp without rows in the window is left out', async () => {
  const agent = newId();
  await present(agent);
  expect(await beat(agent, 1)).toEqual([]);
  expect(await window(60_000)).toBeUndefined();
  await beat(agent, 2, traffic(5));
  await age(120);
  expect(await window(60_000)).toBeUndefined();
});

it('old rows are thinned to one a minute and dropped after a day, and windows still add up', async () => {
  const agent = newId();
  await present(agent);
  await region.dataSource.query(
    `INSERT INTO stamp_traffic SELECT $1, $2, date_trunc('minute', now()) - n * interval '2 seconds', 10000 - n, 0, $3::bigint[] FROM generate_series(1, 3000) n
     UNION ALL SELECT $1, $2, now() - interval '2 days', 1, 0, $3::bigint[]`,
    [stamp, agent, noTraffic().latency],
  );
  const before = (await window(3_000_000))?.requests ?? 0;
  await thinTraffic(region.dataSource);
  const [counted]: { n: number }[] = await region.dataSource.query('SELECT count(*)::int AS n FROM stamp_traffic');
  expect(counted!.n).toBeLessThan(450);
  // Counters grow by 30 a minute here: that is the resolution which is left.
  expect(Math.abs(((await window(3_000_000))?.requests ?? 0) - before)).toBeLessThanOrEqual(30);
});
