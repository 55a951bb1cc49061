import { addStamp, addToken, noNats, openDatabase, openWorld, type World, type WorldDatabase } from '../../test/world.js';
import { allFeatures } from '../process/features.js';

describe('who may begin a roll-out', () => {
  let database: WorldDatabase;
  let world: World;
  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database, { features: allFeatures, natsUrl: noNats });
    await addStamp(world, 'eu-1', 10);
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });
  const start = (token: string, more: Record<string, unknown> = {}) =>
    world.ask('POST', '/v1/rollouts', { token, body: { workload: { version: '9.0.0' }, ...more } });

  it('an operator of every region that it may reach, also of those that have no stamp yet: what is built there joins it', async () => {
    const token = await addToken(world, 'otto', 'operator', 'eu');
    const everywhere = await start(token);
    expect([everywhere.status, everywhere.body['code']]).toEqual([403, 'forbidden']);
    expect(everywhere.body['detail']).toContain('region us');
    expect((await start(token, { regions: ['eu'] })).status).toBe(201);
  });

  it('nobody holds a stamp for a roll-out but the region that coordinates it', async () => {
    const body = { rollout: 'eu.01JAAAAAAAAAAAAAAAAAAAAAAA', kind: 'workload', version: '9.0.0' };
    const held = await world.ask('POST', '/v1/stamps/eu-1/rollout', { body });
    expect([held.status, held.body['code']]).toEqual([403, 'forbidden']);
    expect(await world.query('SELECT held_by_rollout FROM stamp')).toEqual([{ held_by_rollout: null }]);
  });
});
