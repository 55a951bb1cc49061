import { waitFor } from '@lapidary/kernel/wait-for';
import { reserve } from '../placement/reserve.js';
import { setCordon } from '../stamps/cordon-stamp.js';
import { updateStampSpec } from '../stamps/declare-stamp.js';
import {
  addStamp,
  home,
  openDatabase,
  openWorld,
  otherRegion,
  specOf,
  tenantInput,
  type World,
  type WorldDatabase,
} from '../../test/world.js';

/** Long for a slow machine; the work itself takes a few seconds. */
const longMs = 60_000;
const statuses = async (world: World): Promise<Record<string, number>> => {
  const rows = await world.query<{ status: string; n: number }>('SELECT status, count(*)::int AS n FROM tenant GROUP BY status');
  return Object.fromEntries(rows.map((r) => [r.status, r.n]));
};

/** I2 and the bookkeeping: what stamps believe to hold is what the current placements say. */
const expectBooksToBalance = async (world: World): Promise<void> => {
  const wrong = await world.query(
    `SELECT s.name, s.capacity_units, s.used_units, s.tenant_count, coalesce(sum(p.units), 0)::int AS placed, count(p.tenant)::int AS tenants
       FROM stamp s LEFT JOIN placement p ON p.stamp = s.name AND p.is_current GROUP BY s.name
     HAVING s.used_units <> coalesce(sum(p.units), 0) OR s.tenant_count <> count(p.tenant) OR s.used_units + s.reserved_units > s.capacity_units`,
  );
  expect(wrong).toEqual([]);
};

/** I1 for every tenant: epochs 1, 2, 3 … without repeats, the highest is the tenant's, at most one is current. */
const expectEpochsToGrow = async (world: World): Promise<void> => {
  const wrong = await world.query(
    `SELECT t.id FROM tenant t LEFT JOIN placement p ON p.tenant = t.id GROUP BY t.id
     HAVING t.placement_epoch <> coalesce(max(p.epoch), 0) OR count(p.epoch) <> coalesce(max(p.epoch), 0)
         OR count(*) FILTER (WHERE p.is_current) > 1`,
  );
  expect(wrong).toEqual([]);
};

describe('a reservation', () => {
  it('is refused on a stamp that has become unfit since it was chosen: held by a roll-out, silent', async () => {
    const database = await openDatabase();
    const world = await openWorld(database);
    await addStamp(world, 'eu-1', 10);
    const facts = { id: 'late', homeRegion: home, weight: 1, residency: [], tier: 'pooled', labels: {} } as const;
    const reserved = () => world.inTx(async (tx) => reserve(tx, facts, 'eu-1'));
    await world.query(`UPDATE stamp SET held_by_rollout = 'eu.01K0000000000000000000000A'`);
    expect(await reserved()).toBe(false);
    await world.query(`UPDATE stamp SET held_by_rollout = NULL, health = 'dead'`);
    expect(await reserved()).toBe(false);
    await world.query(`UPDATE stamp SET health = 'healthy'`);
    expect(await reserved()).toBe(true);
    await world.close();
    await database.drop();
  });
});

describe('placement under load', () => {
  let database: WorldDatabase;
  let first: World;
  let second: World;

  beforeAll(async () => {
    database = await openDatabase();
    first = await openWorld(database);
    second = await openWorld(database);
  });

  afterAll(async () => {
    await Promise.all([first.close(), second.close()]);
    await database.drop();
  });

  it('I2: 200 concurrent creates through two replicas against 3 stamps of 100 units in all: 100 placed, 100 pending, none over capacity', async () => {
    await addStamp(first, 'eu-1', 50);
    await addStamp(first, 'eu-2', 30);
    await addStamp(first, 'eu-3', 20);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? first : second).ask('POST', '/v1/tenants', { body: tenantInput(`t${n}`) })),
    );
    expect(new Set(answers.map((a) => a.status))).toEqual(new Set([201]));
    expect(answers.filter((a) => a.body.status === 'placed')).toHaveLength(100);
    expect(answers.filter((a) => a.body.status === 'pending')).toHaveLength(100);
    expect(await statuses(first)).toEqual({ placed: 100, pending: 100 });
    const stamps = await first.ask('GET', '/v1/stamps');
    expect(stamps.body.items!.map((s) => [s.name, (s.used as { units: number }).units])).toEqual([
      ['eu-1', 50],
      ['eu-2', 30],
      ['eu-3', 20],
    ]);
    await expectBooksToBalance(first);
  });

  it('P-ST3: room that is added places the pending by themselves, the longest waiting first', async () => {
    const queue = await first.query<{ id: string }>(`SELECT id FROM tenant WHERE status = 'pending' ORDER BY pending_since, id`);
    await addStamp(first, 'eu-4', 40);
    await waitFor('40 more to be placed', async () => ((await statuses(first)).placed === 140 ? true : undefined), { timeoutMs: longMs });
    const placed = await first.query<{ id: string }>(`SELECT tenant AS id FROM placement WHERE stamp = 'eu-4'`);
    expect(placed.map((p) => p.id).sort()).toEqual(
      queue
        .slice(0, 40)
        .map((q) => q.id)
        .sort(),
    );
    await addStamp(second, 'eu-5', 60);
    await waitFor('all to be placed', async () => ((await statuses(first)).placed === 200 ? true : undefined), { timeoutMs: longMs });
    await expectBooksToBalance(first);
    await expectEpochsToGrow(first);
  });

  it('I5, I10: every tenant left one created and one placed event, audit row and decision, and a route with its stamp', async () => {
    const [counts] = await first.query<Record<string, number>>(`
      SELECT (SELECT count(*)::int FROM outbox WHERE type = 'lapidary.tenant.created.v1') AS created,
             (SELECT count(*)::int FROM outbox WHERE type = 'lapidary.tenant.placed.v1') AS placed,
             (SELECT count(*)::int FROM audit WHERE action = 'tenant.created') AS audited,
             (SELECT count(*)::int FROM audit WHERE action = 'tenant.placed') AS "auditedPlaced",
             (SELECT count(*)::int FROM placement_decision WHERE outcome = 'placed') AS decisions,
             (SELECT count(*)::int FROM directory_entry d JOIN placement p ON d.key = 'tenant/' || p.tenant AND p.is_current
               WHERE d.stamp = p.stamp AND d.body->>'stamp' = p.stamp AND (d.body->>'epoch')::int = p.epoch AND d.body->>'status' = 'placed') AS routes`);
    expect(counts).toEqual({ created: 200, placed: 200, audited: 200, auditedPlaced: 200, decisions: 200, routes: 200 });
  });

  it('I2: creates, deletes, cordons and changes of capacity all at once never break the books', async () => {
    const { clock } = first.resources;
    const some = <T>(n: number, make: (n: number) => Promise<T>): Promise<T>[] => Array.from({ length: n }, (_, i) => make(i));
    const tolerant = async (work: Promise<unknown>): Promise<void> => void (await work.catch(() => undefined));
    await Promise.all([
      ...some(40, (n) => first.ask('POST', '/v1/tenants', { body: tenantInput(`mixed${n}`, { weight: 1 + (n % 5) }) })),
      ...some(80, (n) => second.ask('DELETE', `/v1/tenants/t${n}`)),
      ...some(6, (n) =>
        tolerant(
          first.inTx((tx, context) =>
            setCordon(tx, context, clock, { name: 'eu-1', cordoned: n % 2 === 0, reason: 'test', ifMatch: undefined }),
          ),
        ),
      ),
      ...some(10, (n) => tolerant(second.inTx((tx, context) => updateStampSpec(tx, context, clock, specOf('eu-2', 5 + n))))),
    ]);
    await expectBooksToBalance(first);
    await expectEpochsToGrow(first);
    await first.ask('POST', '/v1/stamps/eu-1/uncordon');
    const fitting = `SELECT t.id FROM tenant t WHERE t.status = 'pending' AND t.weight <= (SELECT max(capacity_units - used_units) FROM stamp)`;
    await waitFor('nobody to wait who fits', async () => ((await first.query(fitting)).length === 0 ? true : undefined), {
      timeoutMs: longMs,
    });
    await expectBooksToBalance(first);
    await expectEpochsToGrow(first);
  });
});

describe('the queue of pending tenants', () => {
  let database: WorldDatabase;
  let world: World;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
  });

  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const status = async (id: string): Promise<unknown> => (await world.ask('GET', `/v1/tenants/${id}`)).body.status;
  const until = (id: string, wanted: string): Promise<true> =>
    waitFor(`${id} to be ${wanted}`, async () => ((await status(id)) === wanted ? true : undefined), { timeoutMs: longMs });

  it('a tenant too heavy for every stamp does not block lighter ones behind it', async () => {
    expect((await world.ask('POST', '/v1/tenants', { body: tenantInput('heavy', { weight: 1000 }) })).body.status).toBe('pending');
    expect((await world.ask('POST', '/v1/tenants', { body: tenantInput('light') })).body.status).toBe('pending');
    await addStamp(world, 'eu-1', 3);
    await until('light', 'placed');
    expect(await status('heavy')).toBe('pending');
  });

  it('deleting frees room for who waits; a deleted id is never given out again; its placement keeps its epoch', async () => {
    for (const id of ['two', 'three', 'four']) await world.ask('POST', '/v1/tenants', { body: tenantInput(id) });
    expect(await status('four')).toBe('pending');
    const deleted = await world.ask('DELETE', '/v1/tenants/two?reason=moved%20out');
    expect([deleted.status, deleted.body.status, deleted.body.placement, deleted.body.statusReason]).toEqual([
      200,
      'deleted',
      null,
      'moved out',
    ]);
    await until('four', 'placed');
    expect((await world.ask('DELETE', '/v1/tenants/two')).status).toBe(200);
    const again = await world.ask('POST', '/v1/tenants', { body: tenantInput('two') });
    expect([again.status, again.body.code]).toEqual([409, 'name_taken']);
    const [route] = await world.query<{ body: Record<string, unknown>; stamp: string | null; previous_stamp: string | null }>(
      `SELECT body, stamp, previous_stamp FROM directory_entry WHERE key = 'tenant/two'`,
    );
    expect(route).toEqual({
      body: expect.objectContaining({ status: 'deleted', stamp: null, epoch: 1 }),
      stamp: null,
      previous_stamp: 'eu-1',
    });
    await expectBooksToBalance(world);
  });

  it('uncordoning places who waits', async () => {
    await world.ask('POST', '/v1/stamps/eu-1/cordon', { body: { reason: 'disk swap' } });
    await world.ask('DELETE', '/v1/tenants/three');
    expect((await world.ask('POST', '/v1/tenants', { body: tenantInput('five') })).body.status).toBe('pending');
    await world.ask('POST', '/v1/stamps/eu-1/uncordon', { body: { reason: 'done' } });
    await until('five', 'placed');
  });

  it('a dedicated tenant gets an empty dedicated stamp to itself', async () => {
    await addStamp(world, 'eu-2', 10, { isolation: 'dedicated' });
    const lone = await world.ask('POST', '/v1/tenants', { body: tenantInput('lone', { tier: 'dedicated' }) });
    expect((lone.body.placement as { stamp: string }).stamp).toBe('eu-2');
    expect((await world.ask('POST', '/v1/tenants', { body: tenantInput('lone2', { tier: 'dedicated' }) })).body.status).toBe('pending');
    await world.ask('DELETE', '/v1/tenants/lone');
    await until('lone2', 'placed');
    await expectBooksToBalance(world);
  });

  it('20 dedicated tenants at once for one dedicated stamp: one gets it', async () => {
    await addStamp(world, 'eu-3', 100, { isolation: 'dedicated' });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => world.ask('POST', '/v1/tenants', { body: tenantInput(`ded${n}`, { tier: 'dedicated' }) })),
    );
    expect(answers.filter((a) => a.body.status === 'placed')).toHaveLength(1);
    await expectBooksToBalance(world);
  });

  it('I3: residency keeps a tenant from every stamp of another jurisdiction, and a residency without the home region is refused', async () => {
    const refused = await world.ask('POST', '/v1/tenants', { body: tenantInput('exile', { residency: ['us-law'] }) });
    expect([refused.status, refused.body.code]).toEqual([422, 'residency_conflict']);
    const kept = await world.ask('POST', '/v1/tenants', { body: tenantInput('citizen', { residency: ['eu-law'] }) });
    expect([kept.status, kept.body.residency]).toEqual([201, ['eu-law']]);
  });

  it('P-ST5: explain shows the recorded decision and a fresh one, and changes nothing', async () => {
    await world.query(
      `INSERT INTO stamp (name, region, status, ring, profile, isolation, driver, capacity_units, spec)
                       VALUES ('us-1', $1, 'active', 'broad', 'small', 'pooled', 'local', 10, '{}')`,
      [otherRegion],
    );
    const before = await world.query(`SELECT count(*) FROM placement_decision`);
    const { body } = await world.ask('GET', '/v1/tenants/light/explain');
    const decision = body.decision as { outcome: string; chosen: string; candidates: unknown[] };
    expect([decision.outcome, decision.chosen, decision.candidates.length]).toEqual(['placed', 'eu-1', 1]);
    const now = body.now as {
      candidates: { stamp: string; eligible: boolean; rules: { rule: string; pass: boolean; reason: string }[] }[];
    };
    expect(now.candidates.map((c) => c.stamp).sort()).toEqual(['eu-1', 'eu-2', 'eu-3', 'us-1']);
    const abroad = now.candidates.find((c) => c.stamp === 'us-1')!;
    expect(abroad.rules.find((r) => r.rule === 'home-region')).toEqual({
      rule: 'home-region',
      pass: false,
      reason: 'belongs to us; the tenant is at home in eu',
    });
    expect(await world.query(`SELECT count(*) FROM placement_decision`)).toEqual(before);
  });

  it('single writer: what belongs to another region is never written here, even where nobody forwarded it', async () => {
    const create = await world.ask('POST', '/v1/tenants', { body: tenantInput('yank', { region: otherRegion }) });
    expect([create.status, create.body.code]).toEqual([503, 'region_unreachable']);
    const cordon = await world.ask('POST', '/v1/stamps/us-1/cordon', { body: { reason: 'x' } });
    expect([cordon.status, cordon.body.code]).toEqual([503, 'region_unreachable']);
    expect(await world.query(`SELECT 1 FROM tenant WHERE home_region <> $1`, [home])).toEqual([]);
    expect(await world.query(`SELECT cordoned FROM stamp WHERE name = 'us-1'`)).toEqual([{ cordoned: false }]);
  });

  it('capacity may not go below what is placed, nor isolation change under tenants', async () => {
    const { clock } = world.resources;
    await expect(world.inTx((tx, context) => updateStampSpec(tx, context, clock, specOf('eu-1', 1)))).rejects.toMatchObject({
      code: 'spec_invalid',
    });
    await expect(
      world.inTx((tx, context) => updateStampSpec(tx, context, clock, specOf('eu-1', 50, { isolation: 'dedicated' }))),
    ).rejects.toMatchObject({
      code: 'spec_invalid',
    });
  });
});
