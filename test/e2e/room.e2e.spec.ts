import { readdirSync } from 'node:fs';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import pg from 'pg';
import { startFleet, type Fleet } from './fleet.js';

/** 200 concurrent creates against 3 stamps with 100 units in all; then a new stamp takes in who waits. At the end one is retired. */
let fleet: Fleet;

const creates = 200;
const unitsInAll = 100;

interface TenantView {
  readonly id: string;
  readonly status: string;
}
interface StampView {
  readonly name: string;
  readonly capacity: { units: number };
  readonly used: { units: number };
}

const stamps = async (status = 'active'): Promise<StampView[]> =>
  JSON.parse((await fleet.stampctl(['stamps', 'ls', '--region', 'eu', '--status', status, '-o', 'json'])).stdout).items as StampView[];

const jobOf = async (id: string): Promise<{ readonly noReturnAt: string | null }> =>
  (await fleet.api('eu').get(`/v1/jobs/${id}`)).body as { noReturnAt: string | null };

const byStatus = async (): Promise<Record<string, number>> => {
  const { items } = JSON.parse((await fleet.stampctl(['tenants', 'ls', '--region', 'eu', '-o', 'json'])).stdout) as { items: TenantView[] };
  const counts: Record<string, number> = {};
  for (const { status } of items) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

beforeAll(async () => {
  fleet = await startFleet({ name: 'room', provision: false });
  for (const [stamp, units] of [
    ['eu-1', 50],
    ['eu-2', 30],
    ['eu-3', 20],
  ] as const)
    expect((await fleet.stampctl(['provision', stamp, '--capacity', String(units)])).code).toBe(0);
});
afterAll(async () => fleet?.stop());

test('200 concurrent creates: exactly 100 placed, 100 pending, no stamp over its capacity (I2); a new stamp takes in the rest', async () => {
  expect((await stamps()).reduce((sum, s) => sum + s.capacity.units, 0)).toBe(unitsInAll);
  const answers = await Promise.all(
    Array.from({ length: creates }, (_, i) =>
      fleet.api('eu').post('/v1/tenants', { id: `t${i}`, region: 'eu' }, { idempotencyKey: `room-${i}` }),
    ),
  );
  expect(answers.filter((a) => a.status !== 201).map((a) => a.body)).toEqual([]);
  expect(await byStatus()).toEqual({ placed: unitsInAll, pending: creates - unitsInAll });
  for (const stamp of await stamps()) expect(stamp.used.units).toBe(stamp.capacity.units);

  expect((await fleet.stampctl(['provision', 'eu-4', '--capacity', '150'])).code).toBe(0);
  await waitFor(
    'the pending tenants to be placed by themselves',
    async () => ((await fleet.api('eu').get('/v1/tenants?status=pending')).body as { items: unknown[] }).items.length === 0 || undefined,
    { timeoutMs: 60_000, intervalMs: 250 },
  );
  expect(await byStatus()).toEqual({ placed: creates });
  const last = (await stamps()).find((s) => s.name === 'eu-4');
  expect(last?.used.units).toBe(creates - unitsInAll);
});

/** Whatever on this machine bears the stamp's name: databases and roles, files of processes and state. */
const traces = async (stamp: string): Promise<string[]> => {
  const client = new pg.Client({ connectionString: fleet.run.regions['eu']!.postgres });
  await client.connect();
  const name = `stamp_${stamp.replace('-', '_')}`;
  const { rows } = await client
    .query<{ what: string }>(
      `SELECT 'database' AS what FROM pg_database WHERE datname = $1 UNION ALL SELECT 'role' FROM pg_roles WHERE rolname = $1`,
      [name],
    )
    .finally(() => client.end());
  const files = readdirSync(fleet.dataDir, { recursive: true, encoding: 'utf8' });
  const ofStamp = files.filter((f) => path.basename(f).startsWith(`${stamp}-`) || path.basename(f) === `${stamp}.stack.json`);
  const processes = fleet.processes().filter((p) => p.name.startsWith(`${stamp}-`));
  return [...rows.map((r) => r.what), ...ofStamp, ...processes.map((p) => p.name)].filter((t) => !/^(logs|snapshots)\//.test(t));
};

test('I9: a stamp with tenants is not retired; an empty one is, through a kill -9 of its control plane, and nothing is left of it', async () => {
  const refused = await fleet.stampctl(['stamps', 'retire', 'eu-3', '--yes', '-o', 'json']);
  expect(refused.code).toBe(5);
  expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'stamp_not_empty', details: { remains: [{ kind: 'tenants', count: 20 }, {}] } });

  expect((await fleet.stampctl(['provision', 'eu-5', '--capacity', '5'])).code).toBe(0);
  expect(await traces('eu-5')).toEqual(expect.arrayContaining(['database', 'role', 'eu-5-agent', 'eu-5-storefront']));
  const accepted = await fleet.stampctl(['stamps', 'retire', 'eu-5', '--yes', '--no-wait', '-o', 'json']);
  const { job } = JSON.parse(accepted.stdout) as { job: { id: string } };
  await waitFor('the destroy to begin', async () => ((await jobOf(job.id)).noReturnAt === null ? undefined : true), {
    timeoutMs: 60_000,
    intervalMs: 50,
  });
  fleet.kill('control-plane-eu', 'SIGKILL');
  const watched = await fleet.stampctl(['jobs', 'watch', job.id, '-o', 'json']);
  expect([watched.code, watched.code === 0 ? '' : watched.stderr]).toEqual([0, '']);
  expect(await traces('eu-5')).toEqual([]);
  expect(readdirSync(path.join(fleet.dataDir, 'snapshots')).filter((f) => f.startsWith('eu-5-'))).toHaveLength(1);

  const [gone] = (await stamps('retired')).filter((s) => s.name === 'eu-5');
  expect(gone).toMatchObject({ name: 'eu-5' });
  const again = await fleet.stampctl(['provision', 'eu-5', '-o', 'json']);
  expect([again.code, (JSON.parse(again.stderr) as { code: string }).code]).toEqual([5, 'name_taken']);
  // The other region knows of it too.
  await waitFor(
    'the peer to hear of it',
    async () => ((await fleet.api('us').get('/v1/stamps/eu-5')).body as { status?: string }).status === 'retired' || undefined,
    { timeoutMs: 60_000 },
  );
});
