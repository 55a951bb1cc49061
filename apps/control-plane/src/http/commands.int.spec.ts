import { secretDigest } from '../auth/token-digest.js';
import { activateStamp, failStamp } from '../stamps/activate-stamp.js';
import { declareStamp } from '../stamps/declare-stamp.js';
import { registerAgent } from '../stamps/register-agent.js';
import {
  addStamp,
  addToken,
  openDatabase,
  openWorld,
  outputsOf,
  specOf,
  tenantInput,
  type World,
  type WorldDatabase,
} from '../../test/world.js';

describe('commands', () => {
  let database: WorldDatabase;
  let world: World;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    await addStamp(world, 'eu-1', 1000);
  });

  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  describe('idempotency', () => {
    const key = (value: string): Record<string, string> => ({ 'idempotency-key': value });

    it('the same key 20 times at once creates one tenant, and everybody gets its answer', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => world.ask('POST', '/v1/tenants', { body: tenantInput('once'), headers: key('k-once') })),
      );
      expect(new Set(answers.map((a) => a.status))).toEqual(new Set([201]));
      expect(new Set(answers.map((a) => JSON.stringify(a.body, Object.keys(a.body).sort())))).toHaveProperty('size', 1);
      expect(answers.filter((a) => a.headers['idempotency-replayed'] === 'true')).toHaveLength(19);
      expect(answers.every((a) => a.headers.location === '/v1/tenants/once')).toBe(true);
      expect(await world.query(`SELECT count(*)::int AS n FROM outbox WHERE subject = 'tenant/once' AND type LIKE '%created%'`)).toEqual([
        { n: 1 },
      ]);
    });

    it('the same key with another request is refused', async () => {
      const answer = await world.ask('POST', '/v1/tenants', { body: tenantInput('twice'), headers: key('k-once') });
      expect([answer.status, answer.body.code]).toEqual([422, 'idempotency_mismatch']);
    });

    it('the same key of somebody else is another key', async () => {
      const token = await addToken(world, 'bob', 'operator', 'eu');
      const answer = await world.ask('POST', '/v1/tenants', { body: tenantInput('of-bob'), headers: key('k-once'), token });
      expect([answer.status, answer.headers['idempotency-replayed']]).toEqual([201, undefined]);
    });

    it('a refused request leaves its key free for the corrected one', async () => {
      expect((await world.ask('POST', '/v1/tenants', { body: tenantInput('once'), headers: key('k-fix') })).body.code).toBe('name_taken');
      expect((await world.ask('POST', '/v1/tenants', { body: tenantInput('fixed'), headers: key('k-fix') })).status).toBe(201);
    });
  });

  describe('optimistic concurrency', () => {
    it('of two changes on the same ETag one wins and the other gets 412 and changes nothing', async () => {
      const { headers } = await world.ask('POST', '/v1/tenants', { body: tenantInput('etag') });
      const etag = String(headers.etag);
      const change = (value: string) =>
        world.ask('PATCH', '/v1/tenants/etag', { body: { labels: { value } }, headers: { 'if-match': etag } });
      const answers = await Promise.all([change('a'), change('b'), change('c')]);
      expect(answers.map((a) => a.status).sort()).toEqual([200, 412, 412]);
      const winner = answers.find((a) => a.status === 200)!;
      const shown = await world.ask('GET', '/v1/tenants/etag');
      expect(shown.body.labels).toEqual(winner.body.labels);
      expect(shown.headers.etag).toBe(winner.headers.etag);
      expect((await world.ask('DELETE', '/v1/tenants/etag', { headers: { 'if-match': etag } })).status).toBe(412);
      expect((await world.ask('DELETE', '/v1/tenants/etag', { headers: { 'if-match': String(shown.headers.etag) } })).status).toBe(200);
    });

    it('placing tenants does not change a stamp’s ETag; asking for what is so already changes nothing', async () => {
      const before = await world.ask('GET', '/v1/stamps/eu-1');
      await world.ask('POST', '/v1/tenants', { body: tenantInput('onemore') });
      const ifMatch = { 'if-match': String(before.headers.etag) };
      const cordoned = await world.ask('POST', '/v1/stamps/eu-1/cordon', { body: { reason: 'why' }, headers: ifMatch });
      expect([cordoned.status, cordoned.body.cordoned, cordoned.body.cordonReason]).toEqual([200, true, 'why']);
      const again = await world.ask('POST', '/v1/stamps/eu-1/cordon', { body: { reason: 'why' } });
      expect(again.headers.etag).toBe(cordoned.headers.etag);
      expect((await world.ask('POST', '/v1/stamps/eu-1/uncordon', { headers: ifMatch })).status).toBe(412);
      expect((await world.ask('POST', '/v1/stamps/eu-1/uncordon')).body.cordoned).toBe(false);
    });
  });

  describe('stamps, as the jobs and the agents drive them', () => {
    const token = 'agent-token-0123456789';
    const register = (instanceId: string, given = token) =>
      world.inTx((tx, context) =>
        registerAgent(tx, context, world.resources.clock, {
          stamp: 'eu-5',
          token: given,
          instanceId,
          agentVersion: '1',
          workloadVersion: null,
          frontDoor: 'http://127.0.0.1:1',
        }),
      );

    it('P-HB3: a new agent process raises the epoch, the same one keeps it, a wrong token changes nothing', async () => {
      const { clock } = world.resources;
      await world.inTx((tx, context) => declareStamp(tx, context, clock, specOf('eu-5', 10)));
      await expect(register('A'.repeat(26))).rejects.toMatchObject({ code: 'not_ready' });
      await world.inTx((tx, context) => activateStamp(tx, context, clock, 'eu-5', outputsOf('eu-5', secretDigest(token))));
      expect((await register('A'.repeat(26))).epoch).toBe(1);
      expect((await register('A'.repeat(26))).epoch).toBe(1);
      await expect(register('C'.repeat(26), 'another-token-0123456789')).rejects.toMatchObject({ code: 'unauthenticated' });
      expect((await register('B'.repeat(26))).epoch).toBe(2);
      const epochs = await Promise.all(Array.from({ length: 8 }, (_, n) => register(String(n).repeat(26)).then((s) => s.epoch)));
      expect(epochs.sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
      expect(
        (await world.query<{ body: { epoch: number } }>(`SELECT body FROM directory_entry WHERE key = 'stamp/eu-5'`))[0]!.body.epoch,
      ).toBe(10);
    });

    it('a stamp that failed takes no tenants and can be declared anew; a retired one can’t', async () => {
      const { clock } = world.resources;
      await world.inTx((tx, context) => declareStamp(tx, context, clock, specOf('eu-6', 10)));
      const failed = await world.inTx((tx, context) => failStamp(tx, context, clock, 'eu-6', 'no quota'));
      expect(failed.status).toBe('failed');
      const anew = await world.inTx((tx, context) => declareStamp(tx, context, clock, specOf('eu-6', 20)));
      expect([anew.status, anew.capacity.units]).toEqual(['provisioning', 20]);
      await world.query(`UPDATE stamp SET status = 'retired' WHERE name = 'eu-6'`);
      await expect(world.inTx((tx, context) => declareStamp(tx, context, clock, specOf('eu-6', 20)))).rejects.toMatchObject({
        code: 'name_taken',
      });
    });
  });
});
