import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { proves } from '@lapidary/testing/proves';
import { Wire } from '../../../../test/geodes/wire.js';
import { askGeode, geodeToken, openGeode, type Geode } from '../../test/geode.js';
import { secretDigest } from '../auth/token-digest.js';

type Body = Record<string, unknown>;
const [euName, usName] = [freshRegion(), freshRegion()];
let wire: Wire;
let eu: Geode;
let us: Geode;

const link = async (): Promise<unknown> =>
  ((await askGeode(eu, 'GET', `/v1/regions/${usName}`)).body['link'] as { state: string } | undefined)?.state;
const cut = async (): Promise<void> => {
  wire.set('cut');
  await waitFor('the cut', async () => (await link()) === 'cut' || undefined, { timeoutMs: 60_000 });
};
const heal = (): void => wire.set('open');
const create = (id: string, headers: Record<string, string> = {}) =>
  askGeode(eu, 'POST', '/v1/tenants', { id, region: usName, reason: `for ${id}` }, headers);
const intentOf = async (id: unknown): Promise<Body> => (await askGeode(eu, 'GET', `/v1/intents/${String(id)}`)).body;
const ended = async (id: unknown): Promise<Body> =>
  await waitFor(
    `intent ${String(id)} to end`,
    async () => {
      const intent = await intentOf(id);
      return intent['settledAt'] === null ? undefined : intent;
    },
    { timeoutMs: 60_000 },
  );
/** How often the owner did it, by its audit (I10). */
const effects = async (subject: string, action: string): Promise<number> => {
  const rows = await rowsOf(us.resources.dataSource, 'SELECT 1 FROM audit WHERE subject = $1 AND action = $2', [subject, action]);
  return rows.length;
};

beforeAll(async () => {
  wire = await Wire.to(Number(new URL(testNats().url).port));
  [eu, us] = await Promise.all([
    openGeode(euName, { region: usName, natsUrl: wire.url }),
    openGeode(usName, { region: euName, natsUrl: testNats().url }),
  ]);
  await waitFor('the link', async () => (await link()) === 'connected' || undefined, { timeoutMs: 60_000 });
});
afterAll(async () => {
  await Promise.all([eu?.close(), us?.close()]);
  await wire?.close();
});
afterEach(async () => {
  heal();
  await waitFor('the link', async () => (await link()) === 'connected' || undefined, { timeoutMs: 60_000 });
});

describe('a command for a region that cannot be reached', () => {
  it(
    proves('is queued, said so, and executed once when the link is back; a repeat of the request tells what became of it (IN1, I10)', {
      operation: 'foreign-command',
      failure: 'regions-cut',
      outcome: 'waits',
    }),
    async () => {
      await cut();
      const key = { 'idempotency-key': 'queued-1' };
      const queued = await create('queued', key);
      expect([queued.status, queued.body['state'], queued.body['owner'], queued.body['subject']]).toEqual([
        202,
        'queued',
        usName,
        'tenant/queued',
      ]);
      expect(queued.headers.get('x-lapidary-intent')).toBe(queued.body['id']);
      expect((await create('queued', key)).body['id']).toBe(queued.body['id']);
      expect((await create('other', key)).body['code']).toBe('idempotency_mismatch');
      const listed = (await askGeode(eu, 'GET', `/v1/intents?owner=${usName}`)).body['items'] as Body[];
      expect(listed.map((i) => i['id'])).toEqual([queued.body['id']]);
      const geode = (await askGeode(eu, 'GET', '/v1/geode')).body;
      expect([geode['intents'], geode['autonomousSince']]).toEqual([{ open: 1, oldestSeconds: expect.any(Number) }, expect.any(String)]);
      expect((geode['peers'] as Body[])[0]).toMatchObject({ link: 'cut', intents: 1 });
      heal();
      expect(await ended(queued.body['id'])).toMatchObject({
        state: 'executed',
        settledBy: usName,
        outcome: { status: 201, location: '/v1/tenants/queued' },
      });
      expect(await effects('tenant/queued', 'tenant.created')).toBe(1);
      const [row] = await rowsOf<Body>(us.resources.dataSource, `SELECT actor, reason FROM audit WHERE subject = 'tenant/queued'`);
      expect(row).toEqual({ actor: expect.stringMatching(/^token:/), reason: 'for queued' });
      const repeated = await create('queued', key);
      expect([repeated.status, repeated.body['id'], repeated.headers.get('idempotency-replayed')]).toEqual([201, 'queued', 'true']);
      expect(await effects('tenant/queued', 'tenant.created')).toBe(1);
    },
  );

  it('is refused instead where the caller wants that; a question is never queued, and nonsense of headers is refused', async () => {
    await cut();
    const refused = await create('unwanted', { 'x-lapidary-if-unreachable': 'refuse' });
    expect([refused.status, refused.body['code']]).toEqual([503, 'region_unreachable']);
    expect((await askGeode(eu, 'GET', `/v1/tenants/x/explain`)).status).toBe(404);
    expect((await askGeode(eu, 'POST', `/v1/stamps/${usName}-1/plan`, {})).body['code']).toBe('region_unreachable');
    expect((await create('unwanted', { 'x-lapidary-if-unreachable': 'perhaps' })).body['code']).toBe('invalid_input');
    expect((await create('unwanted', { 'x-lapidary-intent-seconds': '0' })).body['code']).toBe('invalid_input');
    expect((await askGeode(eu, 'GET', '/v1/intents')).body['items']).toEqual([]);
  });

  it('keeps its place behind others about the same subject (IN5)', async () => {
    await cut();
    const first = await create('ordered');
    const ids = [first.body['id']];
    for (const label of ['a', 'b', 'c', 'd']) {
      const { status, body } = await askGeode(eu, 'PATCH', '/v1/tenants/ordered', { labels: { last: label } });
      expect(status).toBe(202);
      ids.push(body['id']);
    }
    heal();
    for (const id of ids) expect((await ended(id))['state']).toBe('executed');
    const order = await rowsOf<{ id: string }>(
      us.resources.dataSource,
      `SELECT v.id FROM intent_verdict v WHERE v.id = ANY($1) ORDER BY decided_at`,
      [ids.map((id) => String(id).split('.')[1])],
    );
    expect(order.map((o) => `${euName}.${o.id}`)).toEqual(ids);
    expect((await askGeode(us, 'GET', '/v1/tenants/ordered')).body['labels']).toEqual({ last: 'd' });
  });

  it('is taken back before anything was sent: nothing comes of it, and a repeat hears so', async () => {
    await cut();
    const key = { 'idempotency-key': 'cancelled-1' };
    const { body } = await create('cancelled', key);
    const cancelled = await askGeode(eu, 'POST', `/v1/intents/${String(body['id'])}/cancel`, { reason: 'not any more' });
    expect([cancelled.status, cancelled.body['state']]).toEqual([200, 'cancelled']);
    expect((await askGeode(eu, 'POST', `/v1/intents/${String(body['id'])}/cancel`)).body['state']).toBe('cancelled');
    expect((await create('cancelled', key)).body['code']).toBe('intent_cancelled');
    heal();
    const after = await create('after-cancel');
    if (after.status === 202) await ended(after.body['id']);
    expect((await askGeode(us, 'GET', '/v1/tenants/cancelled')).status).toBe(404);
  });

  it('runs out of time while the region is away (IN4)', async () => {
    await cut();
    const { body } = await create('too-late', { 'x-lapidary-intent-seconds': '5' });
    expect(await ended(body['id'])).toMatchObject({ state: 'expired', attempts: 0 });
    heal();
    await waitFor('the link', async () => (await link()) === 'connected' || undefined, { timeoutMs: 60_000 });
    expect((await askGeode(us, 'GET', '/v1/tenants/too-late')).status).toBe(404);
    expect((await askGeode(eu, 'POST', `/v1/intents/${String(body['id'])}/cancel`)).body['code']).toBe('illegal_transition');
  });

  it(
    proves('is queued as sent where nobody knows what came of the attempt, and still takes effect once (IN1, IN3)', {
      operation: 'foreign-command',
      failure: 'links-silent',
      outcome: 'waits',
    }),
    async () => {
      wire.set('black-hole');
      const { status, body } = await create('doubtful');
      expect(status).toBe(202);
      heal();
      expect((await ended(body['id']))['state']).toBe('executed');
      expect(await effects('tenant/doubtful', 'tenant.created')).toBe(1);
    },
  );

  it(
    proves('is taken back though it may have been done: the owner decides which came first, and both say the same (IN2)', {
      operation: 'cancel-intent',
      failure: 'links-silent',
      outcome: 'waits',
    }),
    async () => {
      wire.set('black-hole');
      const { status, body } = await create('regretted');
      expect([status, body['state']]).toEqual([202, 'sent']);
      const cancel = await askGeode(eu, 'POST', `/v1/intents/${String(body['id'])}/cancel`, { reason: 'not any more' });
      expect([cancel.status, cancel.body['state']]).toEqual([200, 'cancelling']);
      heal();
      const { state } = await ended(body['id']);
      expect(['cancelled', 'executed']).toContain(state);
      expect(await effects('tenant/regretted', 'tenant.created')).toBe(state === 'executed' ? 1 : 0);
    },
  );

  it('is asked again and again of an owner that hangs, and takes effect once (IN1)', async () => {
    const blocker = us.resources.dataSource.createQueryRunner();
    await blocker.connect();
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE tenant IN EXCLUSIVE MODE');
    const { status, body } = await create('hanging').finally(() => undefined);
    expect([status, body['state']]).toEqual([202, 'sent']);
    await waitFor('repeats', async () => Number((await intentOf(body['id']))['attempts']) >= 3 || undefined, { timeoutMs: 60_000 });
    await blocker.query('ROLLBACK');
    await blocker.release();
    expect((await ended(body['id']))['state']).toBe('executed');
    expect(await effects('tenant/hanging', 'tenant.created')).toBe(1);
  });

  it('is refused by the owner as at any time, and the refusal is kept', async () => {
    await cut();
    const { body } = await askGeode(eu, 'POST', '/v1/tenants', { id: 'nowhere', region: usName, residency: [euName] });
    heal();
    expect(await ended(body['id'])).toMatchObject({ state: 'refused', outcome: { status: 422, code: 'residency_conflict' } });
  });

  it('that is mistyped is refused at once, not tomorrow; by an owner of a newer version it is decided there', async () => {
    await cut();
    const mistyped = () => askGeode(eu, 'POST', '/v1/tenants', { id: 'invalid', region: usName, weight: 0 });
    const { status, body } = await mistyped();
    expect([status, body['code'], body['fields']]).toEqual([400, 'invalid_input', [{ path: 'weight', message: expect.any(String) }]]);
    expect((await askGeode(eu, 'GET', '/v1/intents')).body['items']).toEqual([]);
    await eu.resources.dataSource.query('UPDATE version_vector SET protocol_speaks = 99 WHERE origin = $1', [usName]);
    const queued = await mistyped();
    expect(queued.status).toBe(202);
    heal();
    expect(await ended(queued.body['id'])).toMatchObject({ state: 'refused', outcome: { status: 400, code: 'invalid_input' } });
  });

  it('is not sent any more once who asked has lost the right (IN6)', async () => {
    const { dataSource } = eu.resources;
    const token = 'token-of-leaver-0123456789';
    await dataSource.query(`INSERT INTO api_token (id, name, sha256) VALUES ('leaver', 'leaver', $1)`, [secretDigest(token)]);
    await dataSource.query(`INSERT INTO role_binding (principal, role, region) VALUES ('token:leaver', 'operator', $1)`, [usName]);
    await cut();
    const asked = await create('leavers', { authorization: `Bearer ${token}` });
    expect(asked.status).toBe(202);
    await dataSource.query(`UPDATE api_token SET revoked_at = now() WHERE id = 'leaver'`);
    heal();
    expect(await ended(asked.body['id'])).toMatchObject({
      state: 'refused',
      attempts: 0,
      lastError: expect.stringContaining('token:leaver'),
    });
    expect((await askGeode(us, 'GET', '/v1/tenants/leavers')).status).toBe(404);
  });

  it('waits on where the token of who asked is held, since this region was restored, and is sent once that is trusted (IN6)', async () => {
    const { dataSource } = eu.resources;
    const token = 'token-of-stayer-0123456789';
    await dataSource.query(`INSERT INTO api_token (id, name, sha256) VALUES ('stayer', 'stayer', $1)`, [secretDigest(token)]);
    await dataSource.query(`INSERT INTO role_binding (principal, role, region) VALUES ('token:stayer', 'operator', $1)`, [usName]);
    await cut();
    const asked = await create('stayers', { authorization: `Bearer ${token}` });
    await dataSource.query(`UPDATE api_token SET held_at = now() WHERE id = 'stayer'`);
    heal();
    const id = asked.body['id'] as string;
    const now = async () => (await askGeode(eu, 'GET', `/v1/intents/${id}`)).body;
    await waitFor('it to be put off', async () => (String((await now())['lastError']).includes('is held') ? true : undefined), {
      timeoutMs: 60_000,
    });
    expect(await now()).toMatchObject({ state: 'queued', attempts: 0 });
    await dataSource.query(`UPDATE api_token SET held_at = NULL WHERE id = 'stayer'`);
    await dataSource.query('UPDATE intent SET next_attempt_at = now() WHERE id = $1', [id.split('.').at(-1)]);
    expect(await ended(asked.body['id'])).toMatchObject({ state: 'executed' });
  });

  it('is refused at once to who may not operate that region', async () => {
    const { dataSource } = eu.resources;
    const token = 'token-of-local-0123456789';
    await dataSource.query(`INSERT INTO api_token (id, name, sha256) VALUES ('local', 'local', $1)`, [secretDigest(token)]);
    await dataSource.query(`INSERT INTO role_binding (principal, role, region) VALUES ('token:local', 'admin', $1)`, [euName]);
    await cut();
    expect((await create('not-yours', { authorization: `Bearer ${token}` })).body['code']).toBe('forbidden');
    expect(geodeToken).not.toBe(token);
  });
});
