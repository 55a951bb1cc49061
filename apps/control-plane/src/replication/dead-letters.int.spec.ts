import type { EventDeadLetterView } from '@lapidary/contracts/api/replication';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { newId } from '@lapidary/kernel/ids';
import { readEvents } from '@lapidary/replication/read-events';
import { addToken, home, noNats, openDatabase, openWorld, otherRegion, type World, type WorldDatabase } from '../../test/world.js';
import { stampOf } from '../outbox/testing/test-region.js';
import { domainFeatures } from '../process/features.js';
import { ingest } from './ingest.js';
import { adoptEpoch } from './peer-position.js';
import { ReplicationModule } from './replication.module.js';
import { ReplicationTools } from './replication-tools.js';
import { tenantOf } from './testing/two-regions.js';

let database: WorldDatabase;
let world: World;
let sequence: number;

beforeEach(async () => {
  database = await openDatabase();
  world = await openWorld(database, { features: [...domainFeatures, ReplicationModule], natsUrl: noNats, peers: [otherRegion] });
  sequence = 0;
  await adoptEpoch(world.resources.dataSource, otherRegion, 1);
});
afterEach(async () => {
  await world.close();
  await database.drop();
});

/** The next event of the other region, taken in as its reader would. */
const tell = async (type: string, subject: string, data: Record<string, unknown>): Promise<number> => {
  sequence++;
  const event: EventEnvelope = {
    specversion: '1.0',
    id: newId(),
    source: `/regions/${otherRegion}`,
    type,
    subject,
    time: new Date().toISOString(),
    originregion: otherRegion,
    originepoch: 1,
    originsequence: sequence,
    hlc: `${String(Date.now()).padStart(15, '0')}-00000-${otherRegion}`,
    requestid: 'r',
    actor: 'token:test',
    data,
  };
  const { parked } = await ingest(
    world.resources.dataSource,
    world.app.get(ReplicationTools).apply,
    otherRegion,
    readEvents(otherRegion, [event]),
  );
  return parked;
};
const tellTenant = (id: string, version: number, stamp: number): Promise<number> =>
  tell('lapidary.tenant.placed.v1', `tenant/${id}`, { tenant: tenantOf(otherRegion, id, version, `${otherRegion}-${stamp}`) });
const tellStamp = (index: number): Promise<number> =>
  tell('lapidary.stamp.updated.v1', `stamp/${otherRegion}-${index}`, { stamp: stampOf(otherRegion, index) });

const letters = async (query = ''): Promise<EventDeadLetterView[]> =>
  (await world.ask('GET', `/v1/dead-letters${query}`)).body.items as unknown as EventDeadLetterView[];
const replay = (id: string, query = '') => world.ask('POST', `/v1/dead-letters/${id}/replay${query}`);
const tenants = (id: string) => world.query<{ version: number }>('SELECT version FROM tenant WHERE id = $1', [id]);

describe('a dead letter (P-SC3, P-QL1)', () => {
  it('is refused while its cause stands, applied once it is mended, and only once (I5)', async () => {
    expect(await tellTenant('acme', 1, 9)).toBe(1); // placed on a stamp that nobody ever told of
    const [letter] = await letters();
    expect(letter).toMatchObject({ region: home, origin: otherRegion, sequence: 1, subject: 'tenant/acme', state: 'open' });
    expect((await world.ask('GET', `/v1/dead-letters/${letter!.id}`)).body).toMatchObject({ event: { originsequence: 1 } });

    expect((await replay(letter!.id)).body).toMatchObject({ outcome: 'refused', error: expect.stringMatching(/placement_stamp/) });
    expect((await letters())[0]).toMatchObject({ state: 'open' });

    await tellStamp(9);
    expect((await replay(letter!.id, '?dryRun=true')).body).toMatchObject({ outcome: 'applied', dryRun: true });
    expect(await tenants('acme')).toEqual([]);
    expect((await letters())[0]).toMatchObject({ state: 'open' });

    const together = await Promise.all([replay(letter!.id), replay(letter!.id)]);
    expect(together.map((a) => a.status).sort()).toEqual([200, 409]);
    expect(await tenants('acme')).toEqual([{ version: 1 }]);
    expect(await letters()).toEqual([]);
    expect(await letters('?state=replayed')).toMatchObject([{ id: letter!.id, settledBy: 'token:admin' }]);
    expect(await world.query(`SELECT actor FROM audit WHERE action = 'dead-letter.replayed'`)).toEqual([{ actor: 'token:admin' }]);
  });

  it('has nothing left to say once a newer event of its subject was applied: it is never put over it (I6)', async () => {
    await tellTenant('acme', 1, 9);
    await tellStamp(1);
    await tellStamp(9);
    await tellTenant('acme', 2, 1);
    expect(await letters()).toEqual([]);
    const [letter] = await letters('?state=superseded&tenant=acme');
    expect(letter).toMatchObject({ sequence: 1, settledBy: 'system:replication' });
    expect((await replay(letter!.id)).body).toMatchObject({ code: 'illegal_transition' });
    expect(await tenants('acme')).toEqual([{ version: 2 }]);
  });

  it('of an epoch that has passed is superseded: the restored region has told everything anew', async () => {
    await tellTenant('acme', 1, 9);
    await adoptEpoch(world.resources.dataSource, otherRegion, 2);
    expect(await letters()).toEqual([]);
    const [letter] = await letters('?state=superseded');
    expect((await replay(letter!.id)).body).toMatchObject({ code: 'illegal_transition' });
  });

  it('of a type that this version does not know waits for the version that does', async () => {
    await tell('lapidary.stamp.unheard-of.v1', `stamp/${otherRegion}-1`, { stamp: stampOf(otherRegion, 1) });
    const [letter] = await letters('?type=lapidary.stamp.unheard-of.v1');
    expect((await replay(letter!.id)).body).toMatchObject({ outcome: 'refused', error: expect.stringMatching(/does not know/) });
  });

  it('a trial answer never stands for the real thing, even under the same key', async () => {
    await tellTenant('acme', 1, 9);
    await tellStamp(9);
    const [letter] = await letters();
    const headers = { 'idempotency-key': 'k-replay' };
    await world.ask('POST', `/v1/dead-letters/${letter!.id}/replay?dryRun=true`, { headers });
    const real = await world.ask('POST', `/v1/dead-letters/${letter!.id}/replay`, { headers });
    expect(real.body).toMatchObject({ outcome: 'applied', dryRun: false });
    const again = await world.ask('POST', `/v1/dead-letters/${letter!.id}/replay`, { headers });
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([200, 'true']);
  });

  it('is dropped with a reason, by somebody who may, and stays to be read', async () => {
    await tellTenant('acme', 1, 9);
    await tellTenant('bank', 1, 9);
    expect(await letters('?subject=tenant/bank')).toHaveLength(1);
    await tell('lapidary.documents.retold.v9', `documents-retold/bank/${home}`, {});
    expect((await letters('?tenant=bank')).map(({ subject }) => subject)).toEqual([`documents-retold/bank/${home}`, 'tenant/bank']);
    await world.query(`DELETE FROM dead_letter WHERE type LIKE '%.v9'`);
    expect(await letters(`?until=${new Date(0).toISOString()}`)).toEqual([]);
    const [bank, acme] = await letters();
    const viewer = await addToken(world, 'vera', 'viewer');
    const drop = (id: string, ask: object) => world.ask('POST', `/v1/dead-letters/${id}/drop`, ask);
    expect((await drop(bank!.id, { body: {} })).status).toBe(400);
    expect((await drop(bank!.id, { body: { reason: 'gone' }, token: viewer })).status).toBe(403);
    expect((await letters()).map((l) => l.id)).toEqual([bank!.id, acme!.id]);
    expect((await drop(bank!.id, { body: { reason: 'gone' } })).body).toMatchObject({ state: 'dropped' });
    expect((await replay(bank!.id)).body).toMatchObject({ code: 'illegal_transition' });
    expect(await letters('?state=dropped')).toHaveLength(1);
    expect(await world.query(`SELECT reason FROM audit WHERE action = 'dead-letter.dropped'`)).toEqual([{ reason: 'gone' }]);
    expect((await world.ask('GET', `/v1/dead-letters/${home}.${'0'.repeat(26)}`)).status).toBe(404);
    expect((await world.ask('GET', '/v1/dead-letters/rubbish')).status).toBe(400);
  });
});

it('the conflict ledger is read page by page, without repeats or holes, the newest first', async () => {
  for (let i = 0; i < 5; i++) {
    await world.query(
      `INSERT INTO conflict (id, policy, subject, winner, loser, cause, detected_at) VALUES ($1, 'p', 'tenant/acme', '1', '2', 'c', ('2026-01-01T00:00:00.00000' || $2)::timestamptz)`,
      [`c${i}`, String(Math.floor(i / 2))],
    );
  }
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await world.ask('GET', `/v1/conflicts?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
    seen.push(...body.items!.map((c) => String(c['id'])));
    cursor = body['next'] as string | null;
  }
  expect(seen).toEqual(['c4', 'c3', 'c2', 'c1', 'c0']);
  expect((await world.ask('GET', '/v1/conflicts/c1')).body).toMatchObject({ winner: 1, loser: 2 });
  expect((await world.ask('GET', '/v1/conflicts/none')).status).toBe(404);
});

it('a region that hears nobody says so, and what it owes (P-GE6)', async () => {
  await tellTenant('acme', 1, 9);
  const { body } = await world.ask('GET', '/v1/geode');
  expect(body).toMatchObject({
    region: home,
    deadLetters: 1,
    conflicts: 0,
    peers: [{ region: otherRegion, link: 'cut', appliedSequence: 1, acknowledgedSequence: null, owed: null }],
  });
});
