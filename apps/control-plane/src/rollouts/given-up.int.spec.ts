import { RolloutPolicySchema, RolloutSchema, type RolloutView } from '@lapidary/contracts/api/rollouts';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { waitFor } from '@lapidary/kernel/wait-for';
import { addStamp, addToken, noNats, openDatabase, openWorld, type Answer, type World, type WorldDatabase } from '../../test/world.js';
import { allFeatures } from '../process/features.js';
import { rolloutVersionOf } from '../provisioning/rollout-version.js';
import { applyEvent } from '../replication/apply-event.js';
import { holdForRollout } from '../stamps/hold-stamp.js';
import { openElsewhere } from './read-fleet.js';
import { insertRollout } from './rollout-rows.js';
import { newMember } from './rollout-state.js';

const soon = { timeoutMs: 60_000 };
const at = '2026-11-01T10:00:00.000Z';

/** This region is "eu"; "us" coordinates, and there is no link to it. */
describe('a roll-out whose region is lost', () => {
  let database: WorldDatabase;
  let world: World;
  let id: string;
  let count = 0;
  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database, { features: allFeatures, natsUrl: noNats });
    for (const name of ['eu-1', 'eu-2']) await addStamp(world, name, 10);
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });
  beforeEach(async () => {
    id = `us.01K000000000000000000000${String((count += 1)).padStart(2, '0')}`;
    await world.query('DELETE FROM rollout_replica');
    await told(id, 'running');
    await world.query('UPDATE stamp SET held_by_rollout = $1', [id]);
  });

  const viewOf = (rollout: string, status: string): RolloutView =>
    RolloutSchema.parse({
      ...{ id: rollout, region: 'us', status, statusReason: null, kind: 'workload', target: '9.0.0', base: '0.1.0', regions: ['eu', 'us'] },
      ...{ policy: RolloutPolicySchema.parse({}), reason: null, requestedBy: 'token:bo', waves: [], stamps: [], version: 1 },
      ...{ createdAt: at, updatedAt: at, finishedAt: null },
    });
  let sequence = 0;
  const apply = async (origin: string, type: string, rollout: string, data: Record<string, unknown>): Promise<void> =>
    world.inTx(async (tx) => {
      const event: EventEnvelope = {
        ...{ specversion: '1.0', id: `e${(sequence += 1)}`, source: `/regions/${origin}`, type, subject: `rollout/${rollout}`, time: at },
        ...{ originregion: origin, originepoch: 1, originsequence: sequence, hlc: '0', requestid: 'r', actor: 'token:bo', data },
      };
      await applyEvent(tx, event, {} as Parameters<typeof applyEvent>[2]);
    });
  const told = async (rollout: string, status: string): Promise<void> =>
    apply('us', 'lapidary.rollout.changed.v1', rollout, { rollout: viewOf(rollout, status) });
  const giveUp = async (rollout: string, ask: object = {}): Promise<Answer> =>
    await world.ask('POST', `/v1/rollouts/${rollout}/give-up`, { body: { reason: 'flood' }, ...ask });
  const held = async (by: string): Promise<number> => (await world.query('SELECT 1 FROM stamp WHERE held_by_rollout = $1', [by])).length;
  const released = async (by: string): Promise<void> =>
    void (await waitFor('its holds to be let go', async () => ((await held(by)) === 0 ? true : undefined), soon));
  const elsewhere = async (): Promise<string[]> => await openElsewhere(world.resources.dataSource);
  const start = async (): Promise<Answer> =>
    await world.ask('POST', '/v1/rollouts', { body: { workload: { version: '9.0.0' }, regions: ['eu'] } });
  const hold = async (): Promise<unknown> =>
    await world.inTx(async (tx, context) =>
      holdForRollout(tx, context, world.resources.clock, { name: 'eu-1', rollout: id, workloadVersion: '9.0.0', templateVersion: null }),
    );

  it('GU3, GU4, I5, I10: once somebody gives it up, its holds go, another one may begin, and nothing new has its version', async () => {
    const before = await start();
    expect([before.status, before.body['code']]).toEqual([409, 'rollout_in_progress']);
    expect(await rolloutVersionOf(world.resources.dataSource, 'eu-9', 'workload')).toBe('9.0.0');
    const given = await giveUp(id);
    expect([given.status, given.body]).toMatchObject([200, { rollout: id, region: 'eu', by: 'token:admin', reason: 'flood' }]);
    await released(id);
    expect(await elsewhere()).toEqual([]);
    expect(await rolloutVersionOf(world.resources.dataSource, 'eu-9', 'workload')).toBeNull();
    const listed = (await world.ask('GET', '/v1/rollouts')).body.items!.find((r) => r['id'] === id);
    expect(listed).toMatchObject({ status: 'running', givenUp: { by: 'token:admin' } });
    expect(
      await world.query(`SELECT type, data->'givenUp'->>'rollout' AS rollout FROM outbox WHERE subject = $1`, [`rollout/${id}`]),
    ).toEqual([{ type: 'lapidary.rollout.given-up.v1', rollout: id }]);
    expect(await world.query(`SELECT action, reason FROM audit WHERE subject = $1`, [`rollout/${id}`])).toEqual([
      { action: 'rollout.give-up', reason: 'flood' },
    ]);
    const began = await start();
    expect(began.status).toBe(201);
    await world.ask('POST', `/v1/rollouts/${String(began.body['id'])}/abort`, { body: {} });
  });

  it('GU2: what its region still asks for is refused; before that it was taken', async () => {
    await expect(hold()).resolves.toMatchObject({ name: 'eu-1' });
    await giveUp(id);
    await released(id);
    await expect(hold()).rejects.toThrow(`Roll-out ${id} was given up by token:admin in region eu`);
    expect(await held(id)).toBe(0);
  });

  it('GU5: it stays given up whatever its region told before it knew; given up again, or after its end, is refused', async () => {
    expect((await giveUp(id)).status).toBe(200);
    await told(id, 'halting');
    expect(await elsewhere()).toEqual([]);
    expect((await giveUp(id)).body['code']).toBe('illegal_transition');
    const ended = `us.01K0000000000000000000000Z`;
    await told(ended, 'aborted');
    expect((await giveUp(ended)).body['code']).toBe('illegal_transition');
    expect((await giveUp(`us.${'0'.repeat(26)}`)).status).toBe(404);
  });

  it('takes an operator of every region that it may have touched', async () => {
    const token = await addToken(world, 'otto', 'operator', 'eu');
    expect((await giveUp(id, { token })).status).toBe(403);
    expect(await elsewhere()).toEqual([id]);
  });

  it('GU3: given up in a third region, it is let go here, also where it is heard of only afterwards', async () => {
    const unknown = `us.01K0000000000000000000000Y`;
    for (const rollout of [id, unknown])
      await apply('ap', 'lapidary.rollout.given-up.v1', rollout, { givenUp: { rollout, region: 'ap', by: 'token:cy', reason: null, at } });
    await released(id);
    await told(unknown, 'running');
    expect(await elsewhere()).toEqual([]);
  });

  it.each([
    ['for another region', 'ap', { region: 'zz' }],
    ['of itself', 'us', { region: 'us' }],
    ['under another name', 'ap', { region: 'ap', rollout: 'us.01K0000000000000000000000X' }],
  ])('a region that tells %s gives nothing up', async (_, origin, more) => {
    const givenUp = { rollout: id, by: 'token:cy', reason: null, at, ...more };
    await expect(apply(origin, 'lapidary.rollout.given-up.v1', id, { givenUp })).rejects.toThrow('gave up');
    expect(await elsewhere()).toEqual([id]);
  });

  it('GU1, GU6: one’s own is never given up here; where another region did, it is ended and its stamps are let go', async () => {
    const own = `eu.01K0000000000000000000000W`;
    await world.inTx(async (tx, context) =>
      insertRollout(
        tx,
        {
          ...{ id: own, status: 'paused', statusReason: null, kind: 'workload', target: '9.0.0', base: '0.1.0', regions: ['eu'] },
          policy: RolloutPolicySchema.parse({ whenUnjudged: 'wait' }),
          resumedAtMs: Date.now(),
          waves: [],
          members: [],
        },
        { region: 'eu', reason: null, requestedBy: context.actor, requestId: context.requestId },
      ),
    );
    await world.query(`INSERT INTO rollout_stamp (rollout, stamp, state) VALUES ($1, 'eu-1', $2::jsonb)`, [
      own,
      JSON.stringify({ ...newMember('eu-1', 'eu', 1, '0.1.0'), status: 'failed', held: true }),
    ]);
    await world.query('UPDATE stamp SET held_by_rollout = $1', [own]);
    expect((await giveUp(own)).status).toBe(404);
    await apply('us', 'lapidary.rollout.given-up.v1', own, {
      givenUp: { rollout: own, region: 'us', by: 'token:cy', reason: 'flood', at },
    });
    await released(own);
    const shown = await waitFor(
      'it to end',
      async () => (({ body }) => (body['status'] === 'aborted' ? body : undefined))(await world.ask('GET', `/v1/rollouts/${own}`)),
      soon,
    );
    expect(shown['statusReason']).toContain('given up by token:cy in region us');
  });
});
