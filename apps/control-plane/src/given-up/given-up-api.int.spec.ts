import { RolloutPolicySchema, RolloutSchema } from '@lapidary/contracts/api/rollouts';
import { waitFor } from '@lapidary/kernel/wait-for';
import {
  addStamp,
  addToken,
  noNats,
  openDatabase,
  openWorld,
  otherRegion,
  type Answer,
  type World,
  type WorldDatabase,
} from '../../test/world.js';
import { allFeatures } from '../process/features.js';

const soon = { timeoutMs: 60_000 };
const at = '2026-11-01T10:00:00.000Z';

/** This region is "eu"; "us" was its only peer, and can't be reached. */
describe('giving up a region, by the API of one that remains', () => {
  let database: WorldDatabase;
  let world: World;
  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database, { features: allFeatures, natsUrl: noNats, peers: [otherRegion] });
    await addStamp(world, 'eu-1', 10);
    await world.query(
      `INSERT INTO stamp (name, region, status, ring, profile, isolation, driver, capacity_units, spec, epoch, front_doors, origin_sequence)
       VALUES ('us-1', 'us', 'active', 'broad', 'small', 'pooled', 'local', 10, '{}', 3, '{http://us-1.test}', 1)`,
    );
    await world.query(
      `INSERT INTO tenant (id, home_region, status, weight, tier, hlc, claim_hlc, placement_epoch, origin_sequence) VALUES ('acme', 'us', 'placed', 1, 'pooled', '1', '1', 7, 2)`,
    );
    await world.query(`INSERT INTO placement (tenant, epoch, stamp, units) VALUES ('acme', 7, 'us-1', 1)`);
    await world.query(
      `INSERT INTO version_vector (origin, epoch, sequence, confirmed_at) VALUES ('us', 1, 2, now() - interval '9 minutes')`,
    );
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const giveUp = async (region: string, body: object, ask: object = {}): Promise<Answer> =>
    await world.ask('POST', `/v1/regions/${region}/give-up`, { body, ...ask });
  const body = { successor: 'eu', reason: 'flood' };
  const cordon = async (stamp: string): Promise<Answer> => await world.ask('POST', `/v1/stamps/${stamp}/cordon`, { body: { reason: 'x' } });
  const rollout = `us.01K00000000000000000000000`;
  const openRollout = RolloutSchema.parse({
    ...{
      id: rollout,
      region: 'us',
      status: 'running',
      statusReason: null,
      kind: 'workload',
      target: '9.0.0',
      base: '0.1.0',
      regions: ['eu', 'us'],
    },
    ...{ policy: RolloutPolicySchema.parse({}), reason: null, requestedBy: 'token:bo', waves: [], stamps: [], version: 1 },
    ...{ createdAt: at, updatedAt: at, finishedAt: null },
  });
  const codeOf = ({ status, body: { code } }: Answer): unknown[] => [status, code];

  it('takes an admin of all regions, a reason, a region that there is, and a successor that remains', async () => {
    const token = await addToken(world, 'otto', 'admin', 'eu');
    expect(codeOf(await giveUp('us', body, { token }))).toEqual([403, 'forbidden']);
    expect(codeOf(await giveUp('us', { successor: 'eu' }))).toEqual([400, 'invalid_input']);
    expect(codeOf(await giveUp('ap', body))).toEqual([404, 'not_found']);
    expect(codeOf(await giveUp('eu', { ...body, successor: 'us' }))).toEqual([409, 'illegal_transition']);
    for (const successor of ['us', 'ap']) expect(codeOf(await giveUp('us', { ...body, successor }))).toEqual([422, 'unknown_region']);
  });

  it('RG1: is refused while the region was heard within ten minutes; after that its tenant is placed here, and all is shown and audited', async () => {
    const tooEarly = await giveUp('us', body);
    expect(codeOf(tooEarly)).toEqual([409, 'illegal_transition']);
    expect(tooEarly.body['detail']).toContain('is given up after 10 minutes of silence');
    expect((await world.ask('GET', '/v1/regions/us')).body['givenUp']).toBeUndefined();
    await world.query(`UPDATE version_vector SET confirmed_at = now() - interval '11 minutes'`);
    const waiting = [await cordon('us-1'), await cordon('us-2')];
    expect(waiting.map((w) => w.status)).toEqual([202, 202]);
    await world.query(`UPDATE intent SET state = 'sent' WHERE subject = 'stamp/us-2'`);
    await world.query(
      `INSERT INTO rollout_replica (id, region, view, origin_sequence, created_at) VALUES ($1, 'us', $2::jsonb, 1, now())`,
      [rollout, JSON.stringify(openRollout)],
    );
    await world.query(`UPDATE stamp SET held_by_rollout = $1 WHERE name = 'eu-1'`, [rollout]);
    const given = await giveUp('us', body);
    expect([given.status, given.body]).toMatchObject([
      200,
      { region: 'us', successor: 'eu', declaredIn: 'eu', by: 'token:admin', reason: 'flood' },
    ]);
    const here = async () => {
      const { body: seen } = await world.ask('GET', '/v1/tenants/acme');
      return seen['region'] === 'eu' && seen['status'] === 'placed' ? true : undefined;
    };
    await waitFor('the tenant to be placed here', here, soon);
    const tenant = (await world.ask('GET', '/v1/tenants/acme')).body;
    expect(tenant).toMatchObject({ region: 'eu', placement: { stamp: 'eu-1', epoch: 1_008 } });
    expect((await world.ask('GET', '/v1/stamps/us-1')).body).toMatchObject({
      status: 'retired',
      region: 'us',
      frontDoors: [],
      epoch: 1_003,
    });
    expect((await world.ask('GET', '/v1/regions/us')).body['givenUp']).toMatchObject({
      state: 'inherited',
      waitingFor: [],
      returnedAt: null,
    });
    expect(codeOf(await giveUp('us', body))).toEqual([409, 'illegal_transition']);
    const [audited] = await world.query<{ actor: string; reason: string }>(
      `SELECT actor, reason FROM audit WHERE action = 'region.agrees' AND subject = 'region/us'`,
    );
    expect(audited).toEqual({ actor: 'token:admin', reason: 'flood' });
    // IN7, GU3: nobody waits for it, and nothing is held for it. Its tenant could be placed only after that.
    const intents = await world.query('SELECT state, settled_by FROM intent ORDER BY id');
    expect(intents).toEqual([1, 2].map(() => ({ state: 'cancelled', settled_by: 'system:given-up' })));
    expect(codeOf(await cordon('us-3'))).toEqual([409, 'region_given_up']);
    expect(await world.query('SELECT rollout FROM rollout_given_up')).toEqual([{ rollout }]);
    // Its tenant is commanded here from now on.
    expect((await world.ask('PATCH', '/v1/tenants/acme', { body: { labels: { plan: 'gold' } } })).status).toBe(200);
    const geode = (await world.ask('GET', '/v1/geode')).body as { peers?: { cutBecause: string }[] };
    expect(geode.peers![0]!.cutBecause).toContain('given up as lost for good by token:admin');
  });

  it('RG2: its return is a finding', async () => {
    const findings = async () =>
      (await world.ask('GET', '/v1/drift/findings?kind=restored')).body.items?.filter((f) => f['path'] === 'given-up');
    await world.query(`UPDATE version_vector SET returned_at = now() WHERE origin = 'us'`);
    const run = await world.ask('POST', '/v1/drift/runs?wait=30', { body: { region: 'eu' } });
    expect(run.status).toBeLessThan(300);
    const found = await waitFor('the finding', async () => (await findings())?.[0], soon);
    expect(found).toMatchObject({ subject: 'region/us', severity: 'critical' });
    expect(JSON.stringify(found['observed'])).toContain('nothing of it is taken in');
  });
});
