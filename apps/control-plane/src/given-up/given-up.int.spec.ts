import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import type { TestRegion } from '../outbox/testing/test-region.js';
import { addOwnStamp, placeOwnTenant } from '../recovery/testing/fleet-writes.js';
import { readPosition } from '../replication/peer-position.js';
import { openMesh, type Mesh } from '../replication/testing/mesh.js';
import { sweepPending } from '../tenants/sweep-pending.js';
import { LostRegion } from './lost-region.fixture.js';

const soon = { timeoutMs: 60_000 };
const baseDomain = 'test';

let mesh: Mesh;
let fleet: LostRegion;
/** `ap` is lost. */
let [ap, eu, us]: TestRegion[] = [];
beforeEach(async () => {
  mesh = await openMesh(3);
  [ap, eu, us] = mesh.regions;
  fleet = new LostRegion(mesh, ap!);
  await addOwnStamp(ap!, `${ap!.name}-1`);
  await addOwnStamp(us!, `${us!.name}-1`);
  await placeOwnTenant(ap!, 'acme', `${ap!.name}-1`);
  for (const r of [eu!, us!]) await fleet.known(r, 'acme');
});
afterEach(async () => mesh.close());

const routes = async (r: TestRegion): Promise<unknown> => await rowsOf(r.dataSource, 'SELECT key, body FROM directory_entry ORDER BY key');
const sameRoutes = async (): Promise<void> =>
  void (await waitFor(
    'equal routes',
    async () => JSON.stringify(await routes(eu!)) === JSON.stringify(await routes(us!)) || undefined,
    soon,
  ));

it('RG4, RG5, RG6, I1: its successor takes over what any region heard, under new epochs; all show the same, and it is placed anew', async () => {
  const before = (await fleet.tenant(eu!, 'acme'))!;
  await mesh.cut(us!, ap!);
  await placeOwnTenant(ap!, 'acme', `${ap!.name}-1`);
  await placeOwnTenant(ap!, 'last-words', `${ap!.name}-1`);
  await fleet.known(eu!, 'last-words');
  expect(await fleet.tenant(us!, 'last-words')).toBeUndefined();
  await fleet.lose(eu!, us!);
  await fleet.declare(eu!, us!);
  expect(await fleet.standing(eu!)).toMatchObject({ state: 'declared', successor: us!.name, waitingFor: [us!.name] });
  await fleet.stands('inherited', eu!, us!);
  for (const id of ['acme', 'last-words'])
    await waitFor(`${id} with its successor`, async () => ((await fleet.tenant(eu!, id))!.home === us!.name ? true : undefined), soon);
  for (const r of [eu!, us!]) {
    expect(await fleet.tenant(r, 'acme')).toMatchObject({
      home: us!.name,
      status: 'pending',
      epoch: 1_002,
      stamp: null,
      claim: before.claim,
    });
    expect((await fleet.tenant(r, 'last-words'))!.reason).toContain(`Region ${ap!.name} was given up, and stamp ${ap!.name}-1 with it`);
    const stamps = await rowsOf(r.dataSource, 'SELECT status, front_doors, epoch FROM stamp WHERE region = $1', [ap!.name]);
    expect(stamps).toEqual([{ status: 'retired', front_doors: [], epoch: 1_001 }]);
  }
  await sameRoutes();
  const tools = { clock: us!.clock, baseDomain };
  await sweepPending({ dataSource: us!.dataSource, tools, region: us!.name, signal: new AbortController().signal });
  await waitFor('acme placed anew', async () => ((await fleet.tenant(eu!, 'acme'))!.stamp === `${us!.name}-1` ? true : undefined), soon);
  expect(await fleet.tenant(eu!, 'acme')).toMatchObject({ status: 'placed', epoch: 1_003 });
  await sameRoutes();
  const audit = await rowsOf<{ action: string }>(us!.dataSource, 'SELECT action FROM audit WHERE subject = $1 ORDER BY action', [
    `region/${ap!.name}`,
  ]);
  expect(audit.map((a) => a.action)).toEqual(['region.agrees', 'region.inherited', 'region.inherits', 'region.recalled']);
});

it('RG3: two regions that give it up at once, each for itself, end with one successor in both, and nobody acts before', async () => {
  await fleet.lose(eu!, us!);
  await fleet.apart(eu!, us!);
  const [first, second] = [await fleet.declare(eu!, eu!), await fleet.declare(us!, us!)].sort((a, b) => (a.id < b.id ? -1 : 1));
  for (let n = 0; n < 3; n += 1) await fleet.step(eu!, us!);
  for (const r of [eu!, us!])
    expect([(await fleet.standing(r))!.state, (await fleet.tenant(r, 'acme'))!.home]).toEqual(['declared', ap!.name]);
  fleet.together(eu!, us!);
  await fleet.stands('inherited', eu!, us!);
  for (const r of [eu!, us!]) {
    expect((await fleet.standing(r))!.id).toBe(first!.id);
    await waitFor('its successor', async () => ((await fleet.tenant(r, 'acme'))!.home === first!.successor ? true : undefined), soon);
  }
  expect(second!.successor).not.toBe(first!.successor);
  await sameRoutes();
});

it('RG2, RG7: back all the same, it is not believed whatever its epoch, it is told so, and it writes nothing itself', async () => {
  await fleet.lose(eu!, us!);
  await fleet.declare(eu!, us!);
  await fleet.stands('inherited', eu!, us!);
  const at = await readPosition(eu!.dataSource, ap!.name);
  await placeOwnTenant(ap!, 'acme', `${ap!.name}-1`);
  await ap!.dataSource.query('UPDATE origin SET epoch = epoch + 1');
  for (const r of [eu!, us!]) mesh.join(r, ap!);
  for (const r of [eu!, us!]) await waitFor('its return', async () => (await fleet.standing(r))!.returnedAt ?? undefined, soon);
  expect(await readPosition(eu!.dataSource, ap!.name)).toEqual(at);
  expect(await fleet.tenant(eu!, 'acme')).toMatchObject({ home: us!.name, epoch: 1_001 });
  mesh.join(ap!, eu!);
  const write = async (): Promise<string> =>
    await placeOwnTenant(ap!, 'acme', `${ap!.name}-1`).then(
      () => 'written',
      (error: Error) => error.message,
    );
  await waitFor('its own fence', async () => ((await write()) === 'written' ? undefined : true), soon);
  expect(await write()).toContain('this region was given up by the others');
});

it('RG1: a region that hears it objects, and the one that gave it up listens to it again', async () => {
  await fleet.lose(eu!);
  await fleet.declare(eu!, us!);
  expect((await readPosition(eu!.dataSource, ap!.name)).fenced).toBe(true);
  await waitFor(
    'the objection',
    async () => {
      await fleet.step(eu!, us!);
      return (await fleet.standing(eu!)) === undefined && (await fleet.standing(us!)) === undefined ? true : undefined;
    },
    soon,
  );
  mesh.join(eu!, ap!);
  await placeOwnTenant(ap!, 'news', `${ap!.name}-1`);
  await fleet.known(eu!, 'news');
  expect(await fleet.tenant(us!, 'acme')).toMatchObject({ home: ap!.name, status: 'placed' });
  await expect(fleet.declare(us!, us!)).rejects.toThrow('was heard by region');
});

it('I3: a tenant whose residency leaves its successor out waits there, and says why', async () => {
  await ap!.dataSource.query('UPDATE tenant SET residency = ARRAY[$1]', [ap!.name]);
  await placeOwnTenant(ap!, 'acme', `${ap!.name}-1`);
  for (const r of [eu!, us!])
    await waitFor('the move', async () => ((await fleet.tenant(r, 'acme'))!.epoch === 2 ? true : undefined), soon);
  await fleet.lose(eu!, us!);
  await fleet.declare(eu!, us!);
  await fleet.stands('inherited', eu!, us!);
  const tools = { clock: us!.clock, baseDomain };
  await sweepPending({ dataSource: us!.dataSource, tools, region: us!.name, signal: new AbortController().signal });
  expect(await fleet.tenant(us!, 'acme')).toMatchObject({ home: us!.name, status: 'pending', stamp: null });
  expect((await fleet.tenant(us!, 'acme'))!.reason).toContain(`its residency [${ap!.name}] leaves out ${us!.name}`);
});

describe('RG8: what it might still have sold of stock', () => {
  const of = (r: TestRegion): CollectionRegion => new CollectionRegion(r);
  const sell = async (r: TestRegion, units: number): Promise<void> =>
    of(r).write('stock', 'lamp', { op: 'operate', operations: [{ op: 'subtract', units }] });
  const left = async (r: TestRegion, units: number): Promise<void> =>
    void (await waitFor(
      `${units} lamps in ${r.name}`,
      async () => ((await of(r).value('stock', 'lamp')) === units ? true : undefined),
      soon,
    ));
  /** The successor believes that ten are left there; the other one has heard that four were sold. */
  const fourSold = async (): Promise<void> => {
    await of(eu!).define('stock', definitionOf({ kind: 'counter', bounded: true }));
    await waitFor('the definition', async () => (await rowsOf(ap!.dataSource, 'SELECT 1 FROM collection'))[0], soon);
    await of(ap!).write('stock', 'lamp', { op: 'operate', operations: [{ op: 'add', units: 10 }] });
    for (const r of [eu!, us!])
      await waitFor('the definition', async () => (await rowsOf(r.dataSource, 'SELECT 1 FROM collection'))[0], soon);
    for (const r of [eu!, us!]) await left(r, 10);
    await mesh.cut(us!, ap!);
    await sell(ap!, 4);
    await left(eu!, 6);
    await fleet.lose(eu!, us!);
  };

  it('its successor sells all of it that was left, and no more', async () => {
    await fourSold();
    await expect(sell(us!, 1)).rejects.toThrow('may subtract 0');
    await fleet.declare(eu!, us!);
    await fleet.stands('inherited', eu!, us!);
    await expect(sell(us!, 7)).rejects.toThrow('may subtract 6');
    await sell(us!, 6);
    for (const r of [eu!, us!]) await left(r, 0);
    await expect(sell(eu!, 1)).rejects.toThrow('may subtract 0');
  });

  it('stays unused where a change of it is parked, in whichever region', async () => {
    await fourSold();
    await eu!.dataSource.query(
      `INSERT INTO dead_letter (id, origin, epoch, sequence, type, subject, event, error, state)
       VALUES ('x', $1, 1, 1000, 'lapidary.document.changed.v1', 'document/stock//lamp', '{}', 'x', 'open')`,
      [ap!.name],
    );
    await fleet.declare(eu!, us!);
    await fleet.stands('inherited', eu!, us!);
    await expect(sell(us!, 1)).rejects.toThrow('may subtract 0');
    await left(us!, 6);
  });
});
