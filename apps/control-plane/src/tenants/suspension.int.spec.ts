import { addStamp, addToken, openDatabase, openWorld, tenantInput, type Answer, type World, type WorldDatabase } from '../../test/world.js';

let database: WorldDatabase;
let world: World;
beforeAll(async () => {
  database = await openDatabase();
  world = await openWorld(database);
  await addStamp(world, 'eu-1', 3);
});
afterAll(async () => {
  await world.close();
  await database.drop();
});

const post = async (id: string, verb: 'suspend' | 'resume', body: object = {}, more: object = {}): Promise<Answer> =>
  world.ask('POST', `/v1/tenants/${id}/${verb}`, { body, ...more });
const create = async (id: string, weight = 1): Promise<Answer> => world.ask('POST', '/v1/tenants', { body: tenantInput(id, { weight }) });
const routeOf = async (id: string): Promise<object> =>
  (
    await world.query<object>(
      `SELECT body->>'status' AS status, body->'epoch' AS epoch, stamp FROM directory_entry WHERE key = 'tenant/' || $1`,
      [id],
    )
  )[0]!;
const units = async (): Promise<unknown> => (await world.query(`SELECT used_units, tenant_count FROM stamp WHERE name = 'eu-1'`))[0];
const auditOf = async (id: string): Promise<unknown[]> =>
  world.query(`SELECT action, actor, reason FROM audit WHERE subject = 'tenant/' || $1 ORDER BY position`, [id]);
const eventsOf = async (id: string): Promise<unknown[]> =>
  (await world.query<{ type: string }>(`SELECT type FROM outbox WHERE subject = 'tenant/' || $1 ORDER BY hlc`, [id])).map(
    ({ type }) => type,
  );

it('a suspended tenant keeps its place and its units and is nobody’s to serve; resumed, its stamp serves it at a new epoch (I1, I2)', async () => {
  await create('acme');
  const taken = await units();
  const suspended = await post('acme', 'suspend', { reason: 'unpaid' });
  expect(suspended.body).toMatchObject({ status: 'suspended', statusReason: 'unpaid', placement: { stamp: 'eu-1', epoch: 1 } });
  expect(await routeOf('acme')).toEqual({ status: 'suspended', epoch: 1, stamp: null });
  expect(await units()).toEqual(taken);
  // Again changes nothing.
  expect((await post('acme', 'suspend', { reason: 'again' })).headers.etag).toBe(suspended.headers.etag);
  const resumed = await post('acme', 'resume', { reason: 'paid' }, { headers: { 'if-match': suspended.headers.etag as string } });
  expect(resumed.body).toMatchObject({ status: 'placed', statusReason: null, placement: { stamp: 'eu-1', epoch: 2, servingAt: null } });
  expect(await routeOf('acme')).toEqual({ status: 'placed', epoch: 2, stamp: 'eu-1' });
  expect((await post('acme', 'resume')).headers.etag).toBe(resumed.headers.etag);
  expect(await units()).toEqual(taken);
  expect(await world.query(`SELECT epoch, is_current FROM placement WHERE tenant = 'acme' ORDER BY epoch`)).toEqual([
    { epoch: 1, is_current: false },
    { epoch: 2, is_current: true },
  ]);
  const by = { actor: 'token:admin' };
  expect((await auditOf('acme')).slice(2)).toEqual([
    { action: 'tenant.suspended', reason: 'unpaid', ...by },
    { action: 'tenant.resumed', reason: 'paid', ...by },
  ]);
  expect((await eventsOf('acme')).slice(2)).toEqual(['lapidary.tenant.suspended.v1', 'lapidary.tenant.placed.v1']);
});

it('one that had no stamp is placed where there is room by now, or waits for it', async () => {
  await create('big', 50);
  for (const id of ['big', 'late']) {
    if (id === 'late') await create(id, 2);
    await post(id, 'suspend', { reason: 'a look' });
  }
  expect((await post('big', 'resume')).body).toMatchObject({ status: 'pending', placement: null });
  expect(await world.query(`SELECT pending_since IS NOT NULL AS waits FROM tenant WHERE id = 'big'`)).toEqual([{ waits: true }]);
  await world.query(`UPDATE stamp SET capacity_units = 100 WHERE name = 'eu-1'`);
  await post('big', 'suspend', { reason: 'another look' });
  expect((await post('big', 'resume')).body).toMatchObject({ status: 'placed', placement: { stamp: 'eu-1', epoch: 1 } });
  expect(await auditOf('big')).toContainEqual({ action: 'tenant.placed', actor: 'token:admin', reason: null });
});

it('is refused where its name is another region’s, and nothing is changed; to viewers, to the deleted, at another version, without a reason', async () => {
  await create('lost');
  await post('lost', 'suspend', { reason: 'The name belongs to a tenant of region us, which claimed it first' });
  await world.query(
    `INSERT INTO conflict (id, policy, subject, winner, loser, cause)
     VALUES ('tenant-name:lost:eu:us', 'p', 'tenant/lost', '{"region":"us","hlc":"1","tenant":null}', '{"region":"eu","hlc":"2","tenant":null}', 'c')`,
  );
  const before = await auditOf('lost');
  const refused = await post('lost', 'resume', { reason: 'please' });
  expect([refused.status, refused.body.code, refused.body.details]).toEqual([409, 'name_taken', { winner: 'us' }]);
  expect([await auditOf('lost'), (await routeOf('lost')) as unknown]).toEqual([before, { status: 'suspended', epoch: 1, stamp: null }]);
  const viewer = { token: await addToken(world, 'vera', 'viewer') };
  for (const verb of ['suspend', 'resume'] as const) expect((await post('acme', verb, { reason: 'x' }, viewer)).status).toBe(403);
  expect((await post('acme', 'suspend', {})).body.code).toBe('invalid_input');
  expect((await post('acme', 'suspend', { reason: 'x' }, { headers: { 'if-match': '"99"' } })).body.code).toBe('version_conflict');
  await world.ask('DELETE', '/v1/tenants/acme');
  for (const verb of ['suspend', 'resume'] as const)
    expect((await post('acme', verb, { reason: 'x' })).body.code).toBe('illegal_transition');
  expect((await post('nobody', 'resume')).status).toBe(404);
});
