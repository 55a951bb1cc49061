import type { CreateTenant, TenantView } from '@lapidary/contracts/api/tenants';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { toAppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import { proves } from '@lapidary/testing/proves';
import { systemContext, type CommandContext } from '../http/command-context.js';
import { answerRecovery } from '../recovery/answer-recovery.js';
import { HeldTenantSchema, recoverTenant } from '../recovery/recover-fleet.js';
import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { deleteTenant, updateTenant } from '../tenants/change-tenant.js';
import { createTenant } from '../tenants/create-tenant.js';
import { tenantViewOf, type TenantTools } from '../tenants/tenant-row.js';
import { getTenant } from '../tenants/tenant-store.js';
import { handOver, oneTo, openTwoRegions, toolsOf } from './testing/two-regions.js';

let eu: TestRegion;
let us: TestRegion;
let third: TestRegion;
let close: () => Promise<void>;

beforeEach(async () => {
  ({ eu, us, close } = await openTwoRegions());
  third = await openTestRegion({ peers: [eu.name, us.name] });
  for (const r of [eu, us]) await r.dataSource.query(`INSERT INTO region VALUES ($1, $1, $1, 0, 0, 'none')`, [third.name]);
});
afterEach(async () => {
  await third.close();
  await close();
});

const command = async <T>(r: TestRegion, work: (tx: Tx, context: CommandContext, tools: TenantTools) => Promise<T>): Promise<T> =>
  inTransaction(r.dataSource, async (tx) => work(tx, systemContext(r.name, 'test', newId()), { clock: r.clock, baseDomain: 'test' }));
const create = async (r: TestRegion, id: string): Promise<unknown> =>
  command(r, async (tx, context, tools) =>
    createTenant(tx, context, tools, {
      ...{ id, region: r.name, weight: 1, residency: [], tier: 'pooled', labels: {} },
    } as CreateTenant),
  );
const give = async (r: TestRegion, id: string, ...hosts: string[]): Promise<TenantView> =>
  command(r, async (tx, context, tools) => updateTenant(tx, context, tools, { id, hosts, ifMatch: undefined }));
const remove = async (r: TestRegion, id: string): Promise<unknown> =>
  command(r, async (tx, context, tools) => deleteTenant(tx, context, tools, { id, ifMatch: undefined }));
const viewIn = async (r: TestRegion, id: string): Promise<TenantView> => tenantViewOf(await getTenant(r.dataSource, id), 'test');
const everywhere = (): TestRegion[] => [eu, us, third];
const meetAll = async (): Promise<void> => {
  for (const from of everywhere()) for (const to of everywhere()) if (from !== to) await handOver(from, to);
};
/** Host name → tenants whose entry in the directory has it. */
const routedIn = async (r: TestRegion): Promise<Record<string, string[]>> => {
  const rows = await rowsOf<{ host: string; tenants: string[] }>(
    r.dataSource,
    `SELECT h AS host, array_agg(body->>'tenant' ORDER BY body->>'tenant') AS tenants
       FROM directory_entry, jsonb_array_elements_text(body->'hosts') AS h WHERE body->>'kind' = 'tenant' GROUP BY h ORDER BY h`,
  );
  return Object.fromEntries(rows.map((row) => [row.host, row.tenants]));
};
const claimsIn = async (r: TestRegion): Promise<{ hostname: string; tenant: string; hlc: string; region: string }[]> =>
  rowsOf(
    r.dataSource,
    'SELECT h.hostname, h.tenant, h.claim_hlc AS hlc, t.home_region AS region FROM tenant_hostname h JOIN tenant t ON t.id = h.tenant ORDER BY 1, 2',
  );
const ledgerOf = async (r: TestRegion): Promise<{ id: string; winner: { tenant: string } }[]> =>
  rowsOf(r.dataSource, `SELECT id, winner FROM conflict WHERE subject LIKE 'host/%' ORDER BY id`);

describe('host names of tenants', () => {
  it('is given out once in a region, whoever asks at the same moment', async () => {
    for (const i of oneTo(6)) await create(eu, `t${i}`);
    const asked = await Promise.allSettled(oneTo(6).map(async (i) => give(eu, `t${i}`, 'shop.example.com', `own${i}.example.com`)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const codes = asked.flatMap((one) => (one.status === 'rejected' ? [toAppError(one.reason).code] : []));
    expect(codes).toEqual(Array(5).fill('name_taken'));
    expect((await claimsIn(eu)).map(({ hostname }) => hostname)).toEqual([expect.stringMatching(/^own/), 'shop.example.com']);
  });

  it(
    proves(
      'leads to who was given it first where two regions gave it out while apart, in every region, and back when that one gives it up (I6)',
      { operation: 'claim', failure: 'regions-cut', outcome: 'works' },
    ),
    async () => {
      await create(eu, 'acme');
      await create(us, 'bolt');
      await meetAll();
      await give(us, 'bolt', 'shop.example.com', 'bolt.example.com');
      await give(eu, 'acme', 'shop.example.com');
      // The third region hears of the later claim first.
      await handOver(eu, third);
      expect(await routedIn(third)).toEqual({ 'shop.example.com': ['acme'] });
      await meetAll();
      for (const r of everywhere()) {
        expect(await routedIn(r)).toEqual({ 'bolt.example.com': ['bolt'], 'shop.example.com': ['bolt'] });
        expect([(await viewIn(r, 'acme')).lostHosts, (await viewIn(r, 'bolt')).lostHosts]).toEqual([['shop.example.com'], undefined]);
      }
      expect([await ledgerOf(eu), await ledgerOf(third)]).toEqual([
        [
          {
            id: expect.stringContaining('host-name:shop.example.com') as string,
            winner: expect.objectContaining({ tenant: 'bolt' }) as object,
          },
        ],
        [],
      ]);
      expect((await ledgerOf(us)).map(({ id }) => id)).toEqual((await ledgerOf(eu)).map(({ id }) => id));
      await give(us, 'bolt', 'bolt.example.com');
      await meetAll();
      for (const r of everywhere()) expect(await routedIn(r)).toEqual({ 'bolt.example.com': ['bolt'], 'shop.example.com': ['acme'] });
    },
  );

  it('is free again when its tenant is deleted, and one that is below the base domain is nobody’s to give', async () => {
    for (const id of ['acme', 'bolt']) await create(eu, id);
    await give(eu, 'acme', 'shop.example.com');
    await expect(give(eu, 'bolt', 'shop.example.com')).rejects.toMatchObject({ code: 'name_taken', fields: [{ path: 'hosts.0' }] });
    await remove(eu, 'acme');
    await give(eu, 'bolt', 'shop.example.com');
    await handOver(eu, us);
    for (const r of [eu, us]) expect(await routedIn(r)).toEqual({ 'shop.example.com': ['bolt'] });
    for (const host of ['other.test', 'test'])
      await expect(give(eu, 'bolt', 'shop.example.com', host)).rejects.toMatchObject({
        code: 'invalid_input',
        fields: [{ path: 'hosts.1' }],
      });
  });

  it('keeps its time through changes of other things, and the newest that anybody knows of comes back to a restored region', async () => {
    await create(eu, 'acme');
    await give(eu, 'acme', 'shop.example.com');
    const before = await claimsIn(eu);
    await give(eu, 'acme', 'shop.example.com', 'www.example.com');
    await command(eu, async (tx, context, tools) =>
      updateTenant(tx, context, tools, { id: 'acme', labels: { a: 'b' }, ifMatch: undefined }),
    );
    const newest = await claimsIn(eu);
    expect(newest[0]).toEqual(before[0]);
    await handOver(eu, us);
    expect(await claimsIn(us)).toEqual(newest);
    await eu.dataSource.query(`DELETE FROM tenant_hostname`);
    await eu.dataSource.query('UPDATE tenant SET version = 1');
    const page = await answerRecovery(us.dataSource, eu.name, { want: 'tenants', after: '' }, { baseDomain: 'test', tombstoneDays: 30 });
    const { items } = page as { items: unknown[] };
    await inTransaction(eu.dataSource, async (tx) => {
      for (const item of items) await recoverTenant(tx, toolsOf(eu), HeldTenantSchema.parse(JSON.parse(JSON.stringify(item))));
    });
    expect(await claimsIn(eu)).toEqual(newest);
  });

  it('ends in one state whatever order events and commands come in, at once and apart (I6)', async () => {
    const hosts = ['a.example.com', 'b.example.com', 'c.example.com'];
    const homes = everywhere();
    for (const [i, r] of homes.entries()) for (const n of [1, 2]) await create(r, `t${i}${n}`);
    await meetAll();
    const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;
    for (let round = 0; round < 25; round++) {
      // Commands and hand-overs of all regions at the same time: one of them may lose a name to another, and that is all that may fail.
      const work = oneTo(4).map(async () => {
        const [from, to] = [pick(homes), pick(homes)];
        if (Math.random() < 0.5 && from !== to) return handOver(from, to);
        const id = `t${homes.indexOf(from)}${pick([1, 2])}`;
        return give(from, id, ...hosts.filter(() => Math.random() < 0.4)).catch((error: unknown) => {
          if (toAppError(error).code !== 'name_taken') throw error;
        });
      });
      await Promise.all(work);
    }
    await meetAll();
    const claims = await claimsIn(eu);
    const first = new Map<string, string>();
    for (const { hostname, tenant } of [...claims].sort((a, b) => (a.hlc < b.hlc ? -1 : 1)))
      if (!first.has(hostname)) first.set(hostname, tenant);
    const expected = Object.fromEntries([...first].sort().map(([host, tenant]) => [host, [tenant]]));
    for (const r of homes) expect([await claimsIn(r), await routedIn(r)]).toEqual([claims, expected]);
  });
});
