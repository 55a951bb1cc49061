import {
  addStamp,
  addToken,
  noNats,
  openDatabase,
  openWorld,
  tenantInput,
  type Answer,
  type World,
  type WorldDatabase,
} from '../../test/world.js';
import { sealPrincipal } from '../auth/forwarded-principal.js';
import { domainFeatures } from '../process/features.js';
import { ReplicationModule } from './replication.module.js';

describe('values of documents outside of their own address', () => {
  let database: WorldDatabase;
  let world: World;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database, { features: [...domainFeatures, ReplicationModule], natsUrl: noNats });
    await addStamp(world, 'eu-1', 100);
    for (const body of [tenantInput('acme'), tenantInput('strict', { residency: ['eu'] })])
      expect((await world.ask('POST', '/v1/tenants', { body })).status).toBe(201);
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  it('are shown to operators here: not to viewers, and of who has a residency not through another region (I3)', async () => {
    const viewer = await addToken(world, 'onlooker', 'viewer');
    const side = (value: string) => JSON.stringify({ at: '1', region: 'eu', value });
    await world.query(
      `INSERT INTO conflict (id, policy, subject, winner, loser, cause, collection, tenant, field) VALUES
         ('collection:x', 'lww', 'document/settings/acme/private', $1, $1, 'both', 'settings', 'acme', 'secret'),
         ('collection:y', 'lww', 'document/settings/strict/private', $1, $1, 'both', 'settings', 'strict', 'secret')`,
      [side('CUSTOMERS')],
    );
    const asViewer = await world.ask('GET', '/v1/conflicts/collection:x', { token: viewer });
    expect(asViewer.body['loser']).toEqual({ at: '1', region: 'eu', withheld: true });
    expect(JSON.stringify((await world.ask('GET', '/v1/conflicts', { token: viewer })).body)).not.toContain('CUSTOMERS');
    expect((await world.ask('GET', '/v1/conflicts/collection:x')).body['loser']).toMatchObject({ value: 'CUSTOMERS' });
    // A question from another region: the answer would pass through there.
    const headers = sealPrincipal({ actor: 'token:far', via: 'bearer', bindings: [{ role: 'operator', region: '*' }] });
    const far = async (id: string): Promise<Answer> => await world.ask('GET', `/v1/conflicts/${id}`, { token: null, headers });
    expect((await far('collection:x')).body['loser']).toMatchObject({ value: 'CUSTOMERS' });
    expect((await far('collection:y')).body['loser']).toMatchObject({ withheld: true });
    await world.query(
      `INSERT INTO dead_letter (id, origin, epoch, sequence, type, subject, event, error) VALUES
        ('01JAAAAAAAAAAAAAAAAAAAAAAA', 'us', 1, 1, 'lapidary.document.changed.v1', 'document/settings/acme/private', $1, 'test')`,
      [JSON.stringify({ type: 'lapidary.document.changed.v1', data: { tenant: 'acme', change: 'CUSTOMERS' } })],
    );
    // Counted for everybody, found by what they are about.
    const counts = await world.ask('GET', '/v1/conflicts/counts', { token: viewer });
    expect(counts.body.items).toEqual([expect.objectContaining({ collection: 'settings', conflicts: 2, subjects: 2, today: 2 })]);
    const ids = async (query: string): Promise<unknown[]> =>
      (await world.ask('GET', `/v1/conflicts?${query}`)).body.items!.map((c) => c['id']);
    expect(await ids('collection=settings&tenant=strict')).toEqual(['collection:y']);
    expect(await ids('collection=nothing')).toEqual([]);
    expect(await ids(`until=${new Date(Date.now() - 60_000).toISOString()}`)).toEqual([]);
    const letter = '/v1/dead-letters/eu.01JAAAAAAAAAAAAAAAAAAAAAAA';
    expect((await world.ask('GET', letter, { token: viewer })).body['event']).toEqual({
      type: 'lapidary.document.changed.v1',
      withheld: true,
    });
    expect(JSON.stringify((await world.ask('GET', letter)).body['event'])).toContain('CUSTOMERS');
  });
});
