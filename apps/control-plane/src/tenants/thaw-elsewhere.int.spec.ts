import { frozen, thawed } from '@lapidary/contracts/tenant-labels';
import { rowsOf } from '@lapidary/db/rows';
import { handOver, openTwoRegions, tellOfTenant, tenantOf } from '../replication/testing/two-regions.js';
import { thawElsewhere } from './thaw-elsewhere.js';

const untilMs = Date.now() + 600_000;
const minuteMs = 60_000;

let regions: Awaited<ReturnType<typeof openTwoRegions>>;
beforeAll(async () => {
  regions = await openTwoRegions();
});
afterAll(async () => regions.close());

const isHeldUpInUs = async (): Promise<boolean> =>
  (await rowsOf(regions.us.dataSource, `SELECT 1 FROM directory_entry WHERE key = 'tenant/acme' AND body->'frozen' = 'true'`)).length > 0;

/** "eu" says what becomes of the tenant, and "us" hears it. */
const told = async (labels: Record<string, string>, version: number): Promise<void> => {
  const { eu, us } = regions;
  await tellOfTenant(eu, { ...tenantOf(eu.name, 'acme', version), labels });
  await handOver(eu, us);
};

describe('a freeze whose home region is not heard any more', () => {
  const thaw = async (atMs: number): Promise<string[]> => thawElsewhere(regions.us.dataSource, regions.us.name, atMs);

  it('ends in every other region by its own clock, a minute after its time, with its labels left to their owner', async () => {
    await told(frozen({ plan: 'gold' }, untilMs), 1);
    expect(await isHeldUpInUs()).toBe(true);
    expect(await thaw(untilMs + minuteMs - 1_000)).toEqual([]);
    expect(await isHeldUpInUs()).toBe(true);
    expect(await thaw(untilMs + minuteMs)).toEqual(['acme']);
    expect(await isHeldUpInUs()).toBe(false);
    expect(
      await rowsOf(
        regions.us.dataSource,
        `SELECT labels, body->>'region' AS region FROM tenant JOIN directory_entry ON key = 'tenant/' || id`,
      ),
    ).toEqual([{ labels: frozen({ plan: 'gold' }, untilMs), region: regions.eu.name }]);
    expect(await thaw(untilMs + minuteMs)).toEqual([]);
  });

  it('goes on where the home region has frozen it for longer, once that is heard, and has no end of its own without a time', async () => {
    await told(frozen({ plan: 'gold' }, untilMs + 5 * minuteMs), 2);
    expect(await isHeldUpInUs()).toBe(true);
    expect(await thaw(untilMs + minuteMs)).toEqual([]);
    await told(frozen({ plan: 'gold' }, null), 3);
    expect(await thaw(untilMs + 1_000 * minuteMs)).toEqual([]);
    expect(await isHeldUpInUs()).toBe(true);
    await told(thawed(frozen({ plan: 'gold' }, null)), 4);
    expect(await isHeldUpInUs()).toBe(false);
  });
});
