import pg from 'pg';
import { waitFor } from '@lapidary/kernel/wait-for';
import { proves } from '@lapidary/testing/proves';
import { startFleet, type Fleet } from './fleet.js';
import { gone } from './process-control.js';
import { throughRouter } from './router-client.js';
import { startTraffic, type Traffic } from './traffic.js';

/**
 * `kill -9` of each kind of process, one at a time, during traffic and during a provision. Afterwards the fleet converges
 * with no manual step, every acknowledged order is there exactly once (I5), jobs end (I8), and replicas agree (I6).
 */
let fleet: Fleet;
/** Of the running test; a failed one must not leave it behind. */
let traffic: Traffic | undefined;

const tenant = 'acme';
const host = `${tenant}.lapidary.localhost`;
const sku = 'widget';
const initialStock = 1_000_000;
/** Long enough for back-off, re-registration and a job's lease to run out. */
const convergeMs = 60_000;

const router = (): string => fleet.run.regions.eu!.router;

/** Process names of a running fleet that match, for example every control plane of eu. */
const named = (pattern: RegExp): string[] =>
  fleet
    .processes()
    .map((p) => p.name)
    .filter((n) => pattern.test(n));

/** Ids of all orders of the tenant. */
const orders = async (): Promise<string[]> => {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const answer = await throughRouter(
      router(),
      host,
      `/api/orders?limit=100${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    if (answer.status !== 200) throw new Error(`orders answered ${answer.status}`);
    const page = JSON.parse(answer.body) as { items: { id: string }[]; next: string | null };
    found.push(...page.items.map((order) => order.id));
    cursor = page.next;
  } while (cursor !== null);
  return found;
};

/** Orders acknowledged over all tests of this file. */
const acknowledgedInAll: string[] = [];

/** Ends the traffic: errors may be seen while something is down, refusals of a good request may not; each order is there once. */
const settle = async (flow: Traffic): Promise<void> => {
  const result = await flow.stop();
  acknowledgedInAll.push(...result.acknowledged);
  expect(Object.keys(result.answers).filter((answer) => answer.startsWith('4'))).toEqual([]);
  expect((await orders()).sort()).toEqual([...acknowledgedInAll].sort());
  const item = JSON.parse((await throughRouter(router(), host, `/api/inventory/${sku}`)).body) as { stock: number };
  expect(initialStock - item.stock).toBe(acknowledgedInAll.length);
};

const serves = (): Promise<true> =>
  waitFor(
    'the tenant to be served again',
    async () => ((await throughRouter(router(), host, '/api/orders').catch(() => undefined))?.status === 200 ? (true as const) : undefined),
    { timeoutMs: convergeMs, intervalMs: 100 },
  );

/** Every event of each region was applied by the other exactly once, and nothing waits or is parked. */
const regionsAgree = async (): Promise<void> => {
  for (const [origin, peer] of [
    ['eu', 'us'],
    ['us', 'eu'],
  ] as const) {
    await waitFor(
      `${peer} to have applied all of ${origin}`,
      async () => {
        const [[sent], [applied]] = await Promise.all([
          query(
            origin,
            `SELECT (SELECT sequence FROM origin)::int AS last,
                    (SELECT count(*) FROM outbox_waiting)::int + (SELECT count(*) FROM outbox_number, outbox_published WHERE sequence > through)::int AS waiting`,
          ),
          query(
            peer,
            `SELECT (SELECT sequence FROM version_vector WHERE origin = '${origin}')::int AS last,
                              (SELECT count(*) FROM inbox WHERE origin = '${origin}')::int AS applied,
                              (SELECT count(*) FROM dead_letter)::int AS parked`,
          ),
        ]);
        const same = sent?.waiting === 0 && sent.last === applied?.last && applied?.applied === applied?.last && applied?.parked === 0;
        return same ? (true as const) : undefined;
      },
      { timeoutMs: convergeMs, intervalMs: 250 },
    );
  }
};

const query = async (region: string, sql: string): Promise<Record<string, number>[]> => {
  const client = new pg.Client({ connectionString: fleet.run.regions[region]!.postgres });
  await client.connect();
  try {
    return (await client.query<Record<string, number>>(sql)).rows;
  } finally {
    await client.end();
  }
};

beforeAll(async () => {
  fleet = await startFleet({ name: 'faults' });
  expect((await fleet.stampctl(['tenants', 'create', tenant, '--region', 'eu'])).code).toBe(0);
  await serves();
  const stocked = await throughRouter(router(), host, `/api/inventory/${sku}`, {
    method: 'PUT',
    body: { name: 'Widget', priceCents: 100, stock: initialStock },
  });
  expect(stocked.status).toBeLessThan(300);
});
afterEach(async () => {
  await traffic?.stop().catch(() => undefined);
});
afterAll(async () => fleet?.stop());

test.each([
  ['the control plane', /^control-plane-eu/],
  ['the router', /^router-eu/],
  ['the stamp agent', /^eu-1-agent/],
  ['the storefront', /^eu-1-storefront/],
  ['nats-server', /^nats-eu/],
  ['PostgreSQL', /^postgres-eu/],
])(
  proves(
    'kill -9 of %s during traffic: it is back by itself, and every acknowledged order is there exactly once (I5)',
    { operation: 'route', failure: 'agent-down', outcome: 'recovers' },
    { operation: 'route', failure: 'router-killed', outcome: 'recovers' },
  ),
  async (_, pattern) => {
    const [name] = named(pattern);
    expect(name).toBeDefined();
    const flow = startTraffic(router(), host, sku);
    traffic = flow;
    await waitFor('the traffic to flow', () => (flow.count() > 3 ? true : undefined), { timeoutMs: convergeMs });
    const pid = fleet.kill(name!, 'SIGKILL');
    await gone(pid, convergeMs);
    await waitFor(`${name} to run again`, () => (fleet.processes().some((p) => p.name === name && p.pid !== pid) ? true : undefined), {
      timeoutMs: convergeMs,
    });
    const between = flow.count();
    await waitFor('the traffic to flow again', () => (flow.count() > between + 3 ? true : undefined), { timeoutMs: convergeMs });
    await settle(flow);
    await regionsAgree();
  },
);

test.each([
  ['the control plane', /^control-plane-eu/],
  ['the router', /^router-eu/],
  ['the provisioning child', 'child'],
  ['nats-server', /^nats-eu/],
  ['the stamp agent that was just started', /agent/],
  ['PostgreSQL', /^postgres-eu/],
] as const)(
  proves(
    'kill -9 of %s during a provision under traffic: the job ends by itself with one stamp, one database and no orphan (I8)',
    { operation: 'provision', failure: 'control-plane-down', outcome: 'recovers' },
    { operation: 'provision', failure: 'nats-down', outcome: 'recovers' },
    { operation: 'provision', failure: 'postgres-down', outcome: 'recovers' },
    { operation: 'provision', failure: 'agent-down', outcome: 'recovers' },
  ),
  async (_, victim) => {
    const stamp = `eu-${named(/^eu-\d+-agent/).length + 1}`;
    const flow = startTraffic(router(), host, sku);
    traffic = flow;
    const provisioning = fleet.stampctl(['provision', stamp, '--timeout', '120s']);
    const pid = await waitFor(
      'the victim to show up',
      () => {
        if (victim === 'child') return fleet.provisioningChildren()[0];
        const name = String(victim) === '/agent/' ? `${stamp}-agent` : named(victim)[0];
        return fleet.processes().find((p) => p.name === name)?.pid;
      },
      { timeoutMs: convergeMs, intervalMs: 5 },
    );
    if (victim !== 'child')
      await waitFor('the job to be under way', () => (fleet.provisioningChildren().length > 0 ? true : undefined), {
        timeoutMs: convergeMs,
        intervalMs: 5,
      });
    process.kill(pid, 'SIGKILL');
    const result = await provisioning;
    expect({ code: result.code, stderr: result.stderr.slice(-2_000) }).toMatchObject({ code: 0 });
    const databases = await query('eu', `SELECT count(*)::int AS n FROM pg_database WHERE datname = 'stamp_${stamp.replace('-', '_')}'`);
    expect(databases[0]?.n).toBe(1);
    expect(named(new RegExp(`^${stamp}-`)).sort()).toEqual([`${stamp}-agent`, `${stamp}-storefront`]);
    expect(fleet.provisioningChildren()).toEqual([]);
    expect((await fleet.stampctl(['provision', stamp])).stderr).toMatch(/no changes/i);
    await settle(flow);
    await regionsAgree();
  },
);

test('what was known before every kill is still true: one current placement, units add up, audit chain unbroken (I1, I2, I10)', async () => {
  const [row] = await query(
    'eu',
    `SELECT (SELECT count(*) FROM placement WHERE tenant = '${tenant}' AND is_current)::int AS current,
            (SELECT count(*) FROM stamp s WHERE s.region = 'eu' AND s.used_units <> COALESCE((SELECT sum(units) FROM placement p WHERE p.stamp = s.name AND p.is_current), 0))::int AS wrong`,
  );
  expect(row).toEqual({ current: 1, wrong: 0 });
  expect((await fleet.api('eu').get('/v1/audit/verify')).body).toMatchObject({ ok: true, broken: null });
});
