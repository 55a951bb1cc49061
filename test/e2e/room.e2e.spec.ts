import { waitFor } from '@lapidary/kernel/wait-for';
import { startFleet, type Fleet } from './fleet.js';

/** 200 concurrent creates against 3 stamps with 100 units in all; then a new stamp takes in who waits. */
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

const stamps = async (): Promise<StampView[]> =>
  JSON.parse((await fleet.stampctl(['stamps', 'ls', '--region', 'eu', '-o', 'json'])).stdout).items as StampView[];

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
    async () => ((await byStatus()).pending === undefined ? true : undefined),
    { timeoutMs: 30_000, intervalMs: 250 },
  );
  expect(await byStatus()).toEqual({ placed: creates });
  const last = (await stamps()).find((s) => s.name === 'eu-4');
  expect(last?.used.units).toBe(creates - unitsInAll);
});
