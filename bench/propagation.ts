/**
 * Time from the transaction of a placement to each router knowing it: the router's own clock when it applied the entry
 * minus the transaction's start, so the commit itself is included and the figure is an upper bound. Peer: the floor that
 * the same Postgres sets, an insert with NOTIFY in one transaction until a listener hears it.
 */
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { post, provisionBigStamp, startOwnFleet, type OwnFleet } from './own-fleet.ts';
import { report } from './report.ts';

const samplesWanted = 300;
const knownMsMax = 10_000;
/** One create after another, as an operator or a sign-up form makes them; not a load test. */
const pauseMs = 10;

interface RouterEntry {
  readonly appliedAtMs: number;
  readonly committedAtMs: number;
}

const knownBy = async (fleet: OwnFleet, region: string, tenant: string): Promise<RouterEntry> => {
  const deadline = Date.now() + knownMsMax;
  while (Date.now() < deadline) {
    const response = await fetch(`${fleet.run.regions[region]!.routerAdmin}/directory/tenants/${tenant}`);
    if (response.ok) return (await response.json()) as RouterEntry;
    await response.body?.cancel();
    await sleep(5);
  }
  throw new Error(`the router of ${region} does not know ${tenant}`);
};

const floor = async (url: string, rounds: number): Promise<number[]> => {
  const [listener, writer] = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })];
  await Promise.all([listener.connect(), writer.connect()]);
  await writer.query('CREATE TEMPORARY TABLE bench_floor (id int)');
  await listener.query('LISTEN bench_floor');
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const heard = new Promise<void>((done) => listener.once('notification', () => done()));
    const begun = performance.now();
    await writer.query('BEGIN');
    await writer.query('INSERT INTO bench_floor VALUES ($1)', [i]);
    await writer.query(`SELECT pg_notify('bench_floor', '')`);
    await writer.query('COMMIT');
    await heard;
    times.push(performance.now() - begun);
    await sleep(pauseMs);
  }
  await Promise.all([listener.end(), writer.end()]);
  return times;
};

const fleet = await startOwnFleet('propagation', { fresh: true });
try {
  await provisionBigStamp(fleet);
  const own: number[] = [];
  const other: number[] = [];
  for (let i = 0; i < samplesWanted; i++) {
    const tenant = `p${i}`;
    const created = await post(fleet, 'eu', '/v1/tenants', { id: tenant, region: 'eu' });
    if (created.status !== 201) throw new Error(`create answered ${created.status}`);
    const [here, there] = await Promise.all([knownBy(fleet, 'eu', tenant), knownBy(fleet, 'us', tenant)]);
    own.push(here.appliedAtMs - here.committedAtMs);
    other.push(there.appliedAtMs - here.committedAtMs);
    await sleep(pauseMs);
  }
  const peer = 'insert + NOTIFY heard';
  report('propagation', 'npm run bench:propagation', [
    { subject: peer, metric: 'commit to known', unit: 'ms', samples: await floor(fleet.run.regions.eu!.postgres, samplesWanted) },
    { subject: 'router of the same region', metric: 'commit to known', unit: 'ms', samples: own, peer },
    { subject: 'router of the other region', metric: 'commit to known', unit: 'ms', samples: other, peer },
  ]);
} finally {
  await fleet.stop();
}
