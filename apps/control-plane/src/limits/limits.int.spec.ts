import { domainFeatures } from '../process/features.js';
import { LimitsModule } from './limits.module.js';
import { openDatabase, openWorld, type World, type WorldDatabase } from '../../test/world.js';

const gold = { tiers: { standard: { limits: [] }, gold: { priority: 0, limits: [{ kind: 'token_bucket', perSecond: 50, burst: 100 }] } } };

describe('limits over the API', () => {
  let database: WorldDatabase;
  let world: World;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database, { features: [...domainFeatures, LimitsModule] });
  });

  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  it('are the defaults, as version 0, until somebody sets some; then what was set, by whom and why (I10)', async () => {
    expect((await world.ask('GET', '/v1/limits/eu')).body).toMatchObject({
      version: 0,
      changedBy: null,
      document: { defaultTier: 'standard' },
    });
    const set = await world.ask('PUT', '/v1/limits/eu?reason=launch', { body: gold });
    expect(set).toMatchObject({ status: 200, body: { version: 1, reason: 'launch', document: { tiers: { gold: { priority: 0 } } } } });
    expect((await world.ask('GET', '/v1/limits/eu')).body).toEqual(set.body);
    const audit = await world.query<{ action: string; reason: string }>(`SELECT action, reason FROM audit WHERE subject = 'limits/eu'`);
    expect(audit).toEqual([{ action: 'limits.set', reason: 'launch' }]);
  });

  it('the same again changes nothing, and writes nothing to the audit', async () => {
    const again = await world.ask('PUT', '/v1/limits/eu', { body: gold });
    expect(again.body).toMatchObject({ version: 1, reason: 'launch' });
    expect(await world.query(`SELECT 1 FROM audit WHERE subject = 'limits/eu'`)).toHaveLength(1);
  });

  it('somebody else’s change in between is not overwritten: 412', async () => {
    const headers = { 'if-match': '"0"' };
    expect(await world.ask('PUT', '/v1/limits/eu', { body: { tiers: { standard: {} } }, headers })).toMatchObject({ status: 412 });
    expect((await world.ask('GET', '/v1/limits/eu')).body).toMatchObject({ version: 1 });
  });

  it.each([
    ['a tier that is not there', { defaultTier: 'platinum' }],
    ['a tenant of a tier that is not there', { tenants: { acme: { tier: 'platinum' } } }],
    [
      'a kind twice',
      {
        global: {
          limits: [
            { kind: 'concurrency', max: 1 },
            { kind: 'concurrency', max: 2 },
          ],
        },
      },
    ],
    ['a rate of nothing', { global: { limits: [{ kind: 'token_bucket', perSecond: 0, burst: 1 }] } }],
    ['a field that nobody knows', { stamps: { default: { inFlight: 3 } } }],
  ])('%s is refused, and changes nothing', async (_, body) => {
    expect(await world.ask('PUT', '/v1/limits/eu', { body })).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    expect((await world.ask('GET', '/v1/limits/eu')).body).toMatchObject({ version: 1 });
  });

  it('of a region without a link: not found', async () => expect((await world.ask('GET', '/v1/limits/mars')).status).toBe(404));
});
