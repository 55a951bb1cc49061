import { fromDatabaseError } from '@lapidary/db/database-error';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { DatabaseBackup } from '@lapidary/testing/backends';
import { noteRegress } from '@lapidary/testing/note-regress';
import { proves } from '@lapidary/testing/proves';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { recoveryView } from '../fence/fence-facts.js';
import { readRecovery } from '../fence/recovery-rows.js';
import { systemContext } from '../http/command-context.js';
import { tellOfStamp } from '../outbox/testing/test-region.js';
import { openWithout, reseed } from './operate-recovery.js';
import { addOwnStamp, placeOwnTenant } from './testing/fleet-writes.js';
import { openRestorableFleet, type RestorableRegion } from './testing/restorable-fleet.js';

const timeoutMs = 60_000;

let fleet: Awaited<ReturnType<typeof openRestorableFleet>>;
let eu: RestorableRegion;
let us: RestorableRegion;
let ap: RestorableRegion;
let backup: DatabaseBackup;

const isIn = async (of: RestorableRegion, state: string): Promise<void> => {
  await waitFor(
    `${of.name} to be ${state}`,
    async () => (await readRecovery(of.region.dataSource).catch(() => null))?.state === state || undefined,
    { timeoutMs },
  );
};
const originOf = async (of: RestorableRegion): Promise<{ epoch: number; sequence: string }> =>
  (await rowsOf<{ epoch: number; sequence: string }>(of.region.dataSource, 'SELECT epoch, sequence FROM origin'))[0]!;
const code = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'written',
    (error: unknown) => fromDatabaseError(error).code,
  );
/** Placements of the region's tenants, as a region holds them. */
const placementsIn = async (of: RestorableRegion): Promise<unknown> =>
  await rowsOf(
    of.region.dataSource,
    `SELECT t.id, t.status, t.version, p.stamp, p.epoch FROM tenant t LEFT JOIN placement p ON p.tenant = t.id AND p.is_current
      WHERE t.home_region = $1 ORDER BY t.id`,
    [eu.name],
  );
const wentDown = async (of: RestorableRegion): Promise<unknown> => rowsOf(of.region.dataSource, 'SELECT what FROM went_down');
const everythingEqual = async (): Promise<void> => {
  for (const reader of fleet.regions) for (const origin of fleet.regions) if (reader !== origin) await reader.hasAllOf(origin);
  const [first, ...others] = await Promise.all(fleet.regions.map(async (r) => new CollectionRegion(r.region).everything()));
  for (const other of others) expect(other).toEqual(first);
  const [own, ...replicas] = await Promise.all(fleet.regions.map(placementsIn));
  for (const replica of replicas) expect(replica).toEqual(own);
};

beforeEach(async () => {
  fleet = await openRestorableFleet(3);
  // The first by name is in nobody's favour: which of them is restored must not matter.
  [us, eu, ap] = fleet.regions as [RestorableRegion, RestorableRegion, RestorableRegion];
  const [inEu, inUs] = [new CollectionRegion(eu.region), new CollectionRegion(us.region)];
  for (const kind of ['lww', 'append', 'document'] as const) await inUs.define(kind, definitionOf({ kind }));
  await inUs.define('stock', definitionOf({ kind: 'counter', bounded: true }));
  await eu.hasAllOf(us);
  await inUs.write('stock', 'lamp', { op: 'operate', operations: [{ op: 'add', units: 10 }] });
  await inUs.write('stock', 'lamp', { op: 'operate', operations: [{ op: 'give', units: 6, to: eu.name }] });
  await inEu.write('lww', 'kept', { op: 'put', value: { n: 1 } });
  await inEu.write('lww', 'gone', { op: 'put', value: { n: 1 } });
  await inEu.write('document', 'profile', { op: 'put', value: { tags: ['a'] } });
  await addOwnStamp(eu.region, `${eu.name}-1`);
  await addOwnStamp(eu.region, `${eu.name}-2`);
  await placeOwnTenant(eu.region, 'acme', `${eu.name}-1`);
  for (const reader of fleet.regions) for (const origin of fleet.regions) if (reader !== origin) await reader.hasAllOf(origin);
  backup = await eu.backUp();
  // What the backup lacks: documents of all four kinds, a delete, rights used and given, a definition, placements.
  await inEu.write('lww', 'kept', { op: 'patch', value: { n: 2, more: true } });
  await inEu.write('lww', 'gone', { op: 'delete' });
  await inEu.write('append', 'order-1', { op: 'put', value: { lamps: 4 } });
  await inEu.write('stock', 'lamp', { op: 'operate', operations: [{ op: 'subtract', units: 4 }] });
  await inEu.write('stock', 'lamp', { op: 'operate', operations: [{ op: 'give', units: 1, to: us.name }] });
  await inEu.write('document', 'profile', { op: 'patch', value: { name: 'b' } });
  await inEu.define('notes', definitionOf({ kind: 'lww' }));
  await placeOwnTenant(eu.region, 'acme', `${eu.name}-2`);
  await placeOwnTenant(eu.region, 'late', `${eu.name}-1`);
  // And what lost, until it was settled: then only ledgers tell of it.
  await eu.cut(us);
  await inUs.write('document', 'profile', { op: 'patch', value: { box: { ofUs: 1 } } });
  await inEu.write('document', 'profile', { op: 'patch', value: { box: { ofEu: 1 } } });
  await eu.heal(us);
  await eu.hasAllOf(us);
  await inEu.write('document', 'profile', { op: 'patch', value: { box: null } });
  for (const reader of [us, ap]) await reader.hasAllOf(eu);
  // And what one of the two alone has heard.
  await eu.cut(ap);
  await inEu.write('lww', 'last', { op: 'put', value: { n: 3 } });
  await placeOwnTenant(eu.region, 'late', `${eu.name}-2`);
  await us.hasAllOf(eu);
  for (const peer of [us, ap]) await peer.region.dataSource.query(noteRegress);
});
afterEach(async () => {
  await fleet.close();
  await backup.drop();
});

/** What eu must be once it is through: all that anybody had of it, under a new epoch. */
const nothingIsLost = async (): Promise<void> => {
  await isIn(eu, 'sound');
  expect((await originOf(eu)).epoch).toBe(2);
  await everythingEqual();
  const after = new CollectionRegion(eu.region, 2);
  expect(await after.value('lww', 'kept')).toEqual({ n: 2, more: true });
  expect(await after.value('lww', 'gone')).toBeNull();
  expect(await after.value('lww', 'last')).toEqual({ n: 3 });
  expect(await after.value('append', 'order-1')).toEqual({ lamps: 4 });
  expect(await after.value('document', 'profile')).toEqual({ tags: ['a'], name: 'b' });
  expect(await after.value('stock', 'lamp')).toBe(6);
  expect(await rowsOf(eu.region.dataSource, `SELECT field FROM conflict WHERE collection = 'document'`)).toEqual([{ field: 'box' }]);
  // Of the six that it was given four are sold and one is given back: it may sell one more and not two (C3).
  const sell = (units: number) => after.write('stock', 'lamp', { op: 'operate', operations: [{ op: 'subtract', units }] });
  expect(await code(sell(2))).toBe('rights_exhausted');
  await sell(1);
  expect(await placementsIn(eu)).toEqual([
    { id: 'acme', status: 'placed', version: 2, stamp: `${eu.name}-2`, epoch: 2 },
    { id: 'late', status: 'placed', version: 2, stamp: `${eu.name}-2`, epoch: 2 },
  ]);
  expect(
    await rowsOf(eu.region.dataSource, 'SELECT name, used_units, tenant_count FROM stamp WHERE region = $1 ORDER BY name', [eu.name]),
  ).toEqual([
    { name: `${eu.name}-1`, used_units: 0, tenant_count: 0 },
    { name: `${eu.name}-2`, used_units: 2, tenant_count: 2 },
  ]);
  await placeOwnTenant(eu.region, 'acme', `${eu.name}-1`);
  await everythingEqual();
  for (const peer of [us, ap]) expect(await wentDown(peer)).toEqual([]);
};

describe('a region that was restored from a backup', () => {
  it(
    proves(
      'fetches back what the others hold of it, tells it anew under a new epoch, and sells nothing twice (B2 to B6, I1, I5, I6, C3)',
      { operation: 'write-documents', failure: 'database-restored', outcome: 'refuses' },
      { operation: 'place', failure: 'database-restored', outcome: 'refuses' },
      { operation: 'sell-stock', failure: 'database-restored', outcome: 'refuses' },
    ),
    async () => {
      await eu.restore(backup, false);
      await eu.cut(us);
      await eu.start();
      await waitFor('the fence', async () => (await readRecovery(eu.region.dataSource)).state !== 'sound' || undefined, { timeoutMs });
      const before = new CollectionRegion(eu.region);
      expect(await code(before.write('lww', 'x', { op: 'put', value: {} }))).toBe('region_restored');
      expect(await code(before.write('stock', 'lamp', { op: 'operate', operations: [{ op: 'subtract', units: 1 }] }))).toBe(
        'region_restored',
      );
      expect(await code(placeOwnTenant(eu.region, 'acme', `${eu.name}-1`))).toBe('region_restored');
      expect(await before.value('lww', 'kept')).toEqual({ n: 1 });
      await eu.heal(us);
      await eu.heal(ap);
      await nothingIsLost();
    },
  );

  it('waits for every region, also for one that is cut off in the middle of it: without it, rights could be used twice (B5)', async () => {
    await eu.restore(backup);
    await waitFor(
      'us to be reconciled',
      async () =>
        (await rowsOf(eu.region.dataSource, 'SELECT 1 FROM recovery_peer WHERE peer = $1 AND reconciled_at IS NOT NULL', [us.name]))[0],
      { timeoutMs },
    );
    const waiting = async (): Promise<string | null | undefined> =>
      (await rowsOf<{ problem: string | null }>(eu.region.dataSource, 'SELECT problem FROM recovery_peer WHERE peer = $1', [ap.name]))[0]
        ?.problem;
    expect(await waitFor('ap to be tried', async () => (await waiting()) ?? undefined, { timeoutMs })).toContain('can’t be reached');
    expect((await recoveryView(eu.region.dataSource))!.waitsFor).toEqual([{ region: ap.name, why: `Region ${ap.name} can’t be reached` }]);
    expect([(await readRecovery(eu.region.dataSource)).state, (await originOf(eu)).epoch]).toEqual(['reconciling', 1]);
    expect(await code(tellOfStamp(eu.region, 9))).toBe('region_restored');
    await eu.heal(ap);
    await nothingIsLost();
  });

  it('is followed by the next process wherever one is killed in the middle of it, and tells nothing twice', async () => {
    // "ap" is cut off until a process was killed that had reconciled the other one: so it is not through before.
    await eu.restore(backup);
    const kill = async (): Promise<void> => {
      await us.region.dataSource.query('SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1', [
        new URL(eu.region.url).pathname.slice(1),
      ]);
      await eu.stop();
      await eu.start();
    };
    const progress = async (): Promise<string> =>
      JSON.stringify(
        await rowsOf(
          eu.region.dataSource,
          `SELECT (SELECT count(*) FROM recovery_found) AS found, (SELECT count(*) FROM recovery_peer WHERE reconciled_at IS NOT NULL) AS peers, state FROM recovery`,
        ).catch(() => null),
      );
    const seen = new Set<string>();
    let isInTheMiddle = false;
    for (let kills = 0; kills < 8; kills++) {
      const next = await waitFor(
        'a step, or the end of it',
        async () => {
          const now = await progress();
          return now.includes('"sound"') || (now !== 'null' && !seen.has(now)) ? now : undefined;
        },
        { timeoutMs, intervalMs: 1 },
      );
      if (next.includes('"sound"')) break;
      seen.add(next);
      await kill();
      if (isInTheMiddle || !/"peers":"?1/.test(next)) continue;
      isInTheMiddle = true;
      await eu.heal(ap);
    }
    expect({ isInTheMiddle, seen }).toMatchObject({ isInTheMiddle: true });
    await nothingIsLost();
    const twice = await rowsOf(
      eu.region.dataSource,
      `SELECT subject, count(*) FROM outbox WHERE request_id IN (SELECT request_id FROM audit WHERE actor = 'system:recovery') AND subject LIKE 'tenant/%' GROUP BY 1 HAVING count(*) > 1`,
    );
    expect(twice).toEqual([]);
  });

  it('does not join with a backup that is older than deletes are remembered, whoever is heard', async () => {
    await eu.restore(backup, false);
    await eu.region.dataSource.initialize();
    await eu.region.dataSource.query(`UPDATE outbox SET created_at = now() - interval '40 days'`);
    await eu.region.dataSource.query(`UPDATE version_vector SET confirmed_at = now() - interval '40 days'`);
    await eu.start();
    await eu.heal(ap);
    await isIn(eu, 'too-old');
    expect(await code(tellOfStamp(eu.region, 9))).toBe('region_restored');
    expect((await originOf(eu)).epoch).toBe(1);
    // A person gives up what it holds: it is filled anew, and then goes on as any other.
    const act = await inTransaction(eu.region.dataSource, async (tx) => reseed(tx, systemContext(eu.name, 'test', newId())));
    expect(act.lost[0]).toMatch(/documents/);
    await nothingIsLost();
  });

  it('is opened by a person without a region that can’t be heard: rights wait, what that one held is merged later, and nothing goes down (B4, B5)', async () => {
    await eu.restore(backup);
    const peers = [us.name, ap.name];
    const open = (without: string[]) =>
      inTransaction(eu.region.dataSource, async (tx) =>
        openWithout(tx, { ...systemContext(eu.name, 'test', newId()), reason: 'gone' }, { without, reason: 'gone' }, peers),
      );
    await waitFor('us to be reconciled', async () => ((await code(open([ap.name]))) === 'written' ? true : undefined), { timeoutMs });
    await isIn(eu, 'holding');
    await placeOwnTenant(eu.region, 'acme', `${eu.name}-1`);
    await us.hasAllOf(eu);
    expect(await recoveryView(eu.region.dataSource)).toMatchObject({ fenced: false, without: [ap.name] });
    await eu.heal(ap);
    await isIn(eu, 'sound');
    await everythingEqual();
    expect(await new CollectionRegion(ap.region).value('lww', 'last')).toEqual({ n: 3 });
    const [acme] = (await placementsIn(eu)) as { epoch: number }[];
    expect(acme!.epoch).toBeGreaterThan(1_000);
    for (const peer of [us, ap]) expect(await wentDown(peer)).toEqual([]);
    const [audit] = await rowsOf<{ reason: string; lost: string[] }>(
      eu.region.dataSource,
      `SELECT reason, change->'lost' AS lost FROM audit WHERE action = 'recovery.force'`,
    );
    expect([audit!.reason, audit!.lost.join()]).toEqual(['gone', expect.stringContaining(`only ${ap.name}`)]);
  });

  it('that lacks nothing is vouched for by the others, and goes on under its epoch', async () => {
    await eu.heal(ap);
    await ap.hasAllOf(eu);
    const now = await eu.backUp();
    await eu.restore(now);
    await now.drop();
    await isIn(eu, 'sound');
    const [audit] = await rowsOf<{ n: number }>(
      eu.region.dataSource,
      `SELECT count(*)::int AS n FROM audit WHERE action = 'recovery.vouch'`,
    );
    expect([audit!.n, (await originOf(eu)).epoch]).toEqual([1, 1]);
    await tellOfStamp(eu.region, 9);
    for (const peer of [us, ap]) await peer.hasAllOf(eu);
  });
});
