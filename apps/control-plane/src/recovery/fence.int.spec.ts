import { geoStream } from '@lapidary/contracts/subjects';
import { fromDatabaseError } from '@lapidary/db/database-error';
import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import { deleteStream } from '@lapidary/messaging/streams';
import type { DatabaseBackup } from '@lapidary/testing/backends';
import { recoveryView } from '../fence/fence-facts.js';
import { readRecovery } from '../fence/recovery-rows.js';
import { publishedThrough } from '../outbox/published-through.js';
import { numberOutbox } from '../outbox/number-outbox.js';
import { tellOfStamp } from '../outbox/testing/test-region.js';
import { geodeStatus } from '../replication/geode-status.js';
import { openRestorableFleet, type RestorableRegion } from './testing/restorable-fleet.js';

let fleet: Awaited<ReturnType<typeof openRestorableFleet>>;
let eu: RestorableRegion;
let us: RestorableRegion;
const backups: DatabaseBackup[] = [];
/** Of the other region, at the same time. */
let beforeTold: DatabaseBackup;

const tell = async (of: RestorableRegion, from: number, to: number): Promise<void> => {
  for (let i = from; i <= to; i++) await tellOfStamp(of.region, i);
};
const becomes = async (of: RestorableRegion, state: string): Promise<void> => {
  await waitFor(`${of.name} to be ${state}`, async () => (await readRecovery(of.region.dataSource)).state === state || undefined, {
    timeoutMs: 60_000,
  });
};
const refused = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'written',
    (error: unknown) => fromDatabaseError(error).code,
  );
/** eu, of which nobody can be heard, and its stream is gone: only what its database runs on tells. */
const setBackAlone = async (): Promise<void> => {
  await eu.cut(us);
  await eu.stop();
  await deleteStream(eu.region.nats, geoStream(eu.name));
  await backups[0]!.restore();
};

/** As if its disk had been set back under the same server, which shows in nothing that the server says of itself. */
const setBackUnnoticed = async (): Promise<void> => {
  await setBackAlone();
  await eu.region.dataSource.initialize();
  await eu.region.dataSource.query('UPDATE origin SET database_identity = NULL');
};

const outboxOf = async (of: RestorableRegion): Promise<number> =>
  (await rowsOf<{ n: number }>(of.region.dataSource, 'SELECT count(*)::int AS n FROM outbox'))[0]!.n;

beforeEach(async () => {
  fleet = await openRestorableFleet(2);
  [eu, us] = fleet.regions as [RestorableRegion, RestorableRegion];
  for (const region of fleet.regions) region.isRecovering = false;
  await tell(eu, 1, 5);
  await us.hasAllOf(eu);
  backups.push(await eu.backUp());
  beforeTold = await us.backUp();
  backups.push(beforeTold);
  await tell(eu, 6, 12);
  await us.hasAllOf(eu);
});
afterEach(async () => {
  await fleet.close();
  for (const backup of backups.splice(0)) await backup.drop();
});

describe('a region whose database was set back', () => {
  it('is fenced by what a peer acknowledges: it records nothing, gives no number out again, and the peer takes nothing (B1, B2)', async () => {
    await deleteStream(eu.region.nats, geoStream(eu.name));
    await eu.restore(backups[0]!);
    await becomes(eu, 'reconciling');
    expect(await refused(tellOfStamp(eu.region, 99))).toBe('region_restored');
    expect([await outboxOf(eu), await numberOutbox(eu.region.dataSource)]).toEqual([5, 0]);
    await waitFor(
      'the peer to notice',
      async () => (await geodeStatus(us.region.dataSource, () => undefined)).peers[0]!.setBackSince ?? undefined,
      { timeoutMs: 60_000 },
    );
    const status = await geodeStatus(eu.region.dataSource, () => undefined);
    expect(status.recovery).toMatchObject({
      state: 'reconciling',
      fenced: true,
      evidence: expect.arrayContaining([`region ${us.name} knows this region’s log up to 12 of epoch 1`]),
    });
    expect(status.sequence).toBe(5);
    const at = await rowsOf(us.region.dataSource, 'SELECT epoch, sequence FROM version_vector WHERE origin = $1', [eu.name]);
    expect(at).toEqual([{ epoch: 1, sequence: '12' }]);
    // It goes on taking in what the others tell.
    await tell(us, 1, 3);
    await eu.hasAllOf(us);
  });

  it('is fenced by its own stream while no peer can be heard, before it has given a number out', async () => {
    await eu.cut(us);
    await eu.restore(backups[0]!);
    await becomes(eu, 'reconciling');
    const { evidence } = (await recoveryView(eu.region.dataSource))!;
    expect(evidence).toContain('the event stream of this region knows this region’s log up to 12 of epoch 1');
    expect((await geodeStatus(eu.region.dataSource, () => undefined)).sequence).toBe(5);
  });

  it('suspects it from what it runs on where neither peer nor stream can tell', async () => {
    await setBackAlone();
    await eu.start();
    expect((await readRecovery(eu.region.dataSource)).state).toBe('suspected');
    expect(await refused(tellOfStamp(eu.region, 99))).toBe('region_restored');
  });

  it('is fenced where it wrote on, past what the peer knows, before anybody could tell it: another event is at a place (forked)', async () => {
    await setBackUnnoticed();
    await eu.start();
    await tell(eu, 20, 30);
    await waitFor('numbers', async () => (await geodeStatus(eu.region.dataSource, () => undefined)).sequence === 16 || undefined, {
      timeoutMs: 60_000,
    });
    await eu.heal(us);
    await becomes(eu, 'reconciling');
    expect((await recoveryView(eu.region.dataSource))!.evidence.join()).toMatch(/holds another event at one of the places/);
    expect(await rowsOf(us.region.dataSource, 'SELECT sequence FROM version_vector WHERE origin = $1', [eu.name])).toEqual([
      { sequence: '12' },
    ]);
  });

  it('is fenced from its start where its disk was set back together with its stream, and anybody can be heard (B1, B2)', async () => {
    await setBackUnnoticed();
    // Alone it can't know: its stream is made what it was at that moment, and says nothing else than the database.
    await eu.start();
    await waitFor('the stream', async () => (await publishedThrough(eu.region.dataSource)) === 5 || undefined, { timeoutMs: 60_000 });
    expect((await readRecovery(eu.region.dataSource)).state).toBe('sound');
    await eu.stop();
    await eu.heal(us);
    await eu.start();
    expect((await readRecovery(eu.region.dataSource)).state).toBe('reconciling');
    expect([await refused(tellOfStamp(eu.region, 99)), await outboxOf(eu)]).toEqual(['region_restored', 5]);
    expect((await recoveryView(eu.region.dataSource))!.evidence).toContain(`region ${us.name} knows this region’s log up to 12 of epoch 1`);
  });

  it('is vouched for by nobody who was restored itself: what both have forgotten is not told twice (B2, B4)', async () => {
    await us.hasAllOf(eu);
    const known = async (): Promise<unknown> =>
      rowsOf(us.region.dataSource, 'SELECT epoch, sequence FROM version_vector WHERE origin = $1', [eu.name]);
    expect(await known()).toEqual([{ epoch: 1, sequence: '12' }]);
    // Both go back to the time before what eu told last; of that nothing is left anywhere but in what routers and stamps were told.
    for (const region of fleet.regions) {
      await region.stop();
      await deleteStream(region.region.nats, geoStream(region.name));
      region.isRecovering = true;
    }
    await backups[0]!.restore();
    await beforeTold.restore();
    await Promise.all(fleet.regions.map(async (region) => region.start()));
    const epochOf = async ({ region }: RestorableRegion) =>
      (await rowsOf<{ epoch: number }>(region.dataSource, 'SELECT epoch FROM origin'))[0]!.epoch;
    for (const region of fleet.regions) {
      await becomes(region, 'sound');
      // Whatever epoch it had begun and both forgot: this is another one.
      expect(await epochOf(region)).toBeGreaterThan(1_000_000);
    }
    await tell(eu, 6, 8);
    await us.hasAllOf(eu);
  });

  it('is not suspected where it is merely started again, and was never set back', async () => {
    await eu.stop();
    await eu.start();
    await tell(eu, 13, 15);
    await us.hasAllOf(eu);
    expect((await readRecovery(eu.region.dataSource)).state).toBe('sound');
  });
});
