import { waitFor } from '@lapidary/kernel/wait-for';
import { addToken, adminToken, openDatabase, openWorld, type Answer, type World, type WorldDatabase } from '../../test/world.js';

const timeoutMs = 60_000;
let database: WorldDatabase;
let world: World;

beforeAll(async () => {
  database = await openDatabase();
});
beforeEach(async () => {
  world = await openWorld(database, { environment: { LAPIDARY_TRUSTED_PROXIES: '127.0.0.1' } });
});
afterEach(async () => world.close());
afterAll(async () => database.drop());

const from = async (address: string, token: string, headers: Record<string, string> = {}): Promise<Answer> =>
  world.ask('GET', '/v1/regions', { token, headers: { 'x-forwarded-for': address, ...headers } });
/** A few at a time: what is sent at once is looked at at once, and counted for the next. */
const inTurns = async (count: number, ask: (n: number) => Promise<Answer>): Promise<Answer[]> => {
  const answers: Answer[] = [];
  const atOnce = 10;
  for (let from = 0; from < count; from += atOnce)
    answers.push(...(await Promise.all(Array.from({ length: Math.min(atOnce, count - from) }, async (_, n) => ask(from + n)))));
  return answers;
};
const guesses = async (address: string, count: number): Promise<Answer[]> =>
  inTurns(count, async (n) => from(address, `guess-${address}-${n}`));
const counted = async (): Promise<string> => String((await world.ask('GET', '/metrics', { token: null })).body.text);
const audited = async (action: string): Promise<Record<string, unknown>[]> =>
  world.query('SELECT actor, subject, reason, request_id, change FROM audit WHERE action = $1 ORDER BY position', [action]);

it('are refused without a look once there were too many from an address, whoever else is let in as before', async () => {
  expect((await from('203.0.113.7', adminToken)).status).toBe(200);
  const many = await guesses('203.0.113.7', 150);
  const refused = many.filter(({ status }) => status === 401).length;
  // One more comes in with each second that this takes.
  expect(refused).toBeGreaterThanOrEqual(100);
  expect(refused).toBeLessThan(130);
  const limited = many.find(({ status }) => status === 429)!;
  expect([limited.body.code, Number(limited.headers['retry-after'])]).toEqual(['rate_limited', expect.any(Number)]);
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
  // Known here before, from the same address; and nobody at another one notices.
  expect((await from('203.0.113.7', adminToken)).status).toBe(200);
  expect((await from('203.0.113.8', await addToken(world, `new-${Date.now()}`, 'viewer'))).status).toBe(200);
  expect((await from('203.0.113.8', 'guess')).status).toBe(401);
  expect(await counted()).toMatch(/lapidary_auth_refused_total\{entry="bearer",why="limited"\} \d+/);
  const rows = await waitFor('the audit', async () => ((rows) => (rows.length > 0 ? rows : undefined))(await audited('access.limited')), {
    timeoutMs,
  });
  expect(rows).toEqual([
    {
      actor: 'system:access',
      subject: 'address/203.0.113.7',
      reason: 'more wrong credentials than are looked at',
      request_id: expect.any(String),
      change: { entry: 'bearer' },
    },
  ]);
});

it('count for the address that a trusted proxy saw, not for what the client says before it', async () => {
  const many = await inTurns(150, async (n) => from(`198.51.100.${n}, 203.0.113.9`, `guess-${n}`));
  expect(many.filter(({ status }) => status === 429).length).toBeGreaterThan(20);
  const networks = await inTurns(150, async (n) => from(`2001:db8:1:2::${n.toString(16)}`, `six-${n}`));
  expect(networks.filter(({ status }) => status === 429).length).toBeGreaterThan(20);
});

it('are limited at sign-in too, before any transaction, and counted', async () => {
  const signIn = async (token: string) =>
    world.ask('POST', '/v1/session', { body: { token }, token: null, headers: { 'x-forwarded-for': '203.0.113.10' } });
  const many = await inTurns(150, async (n) => signIn(`guess-${n}`));
  expect(new Set(many.map(({ status }) => status))).toEqual(new Set([401, 429]));
  expect(await counted()).toMatch(/lapidary_auth_refused_total\{entry="session",why="unknown"\} 1\d\d/);
});

it('that were good once are told to the audit with who and where, and limited by account from however many addresses', async () => {
  const name = `leaver-${Date.now()}`;
  const token = await addToken(world, name, 'operator');
  await world.query('UPDATE api_token SET revoked_at = now() WHERE name = $1', [name]);
  const many = await inTurns(60, async (n) => from(`192.0.2.${n}`, token));
  expect(many.filter(({ status }) => status === 401).length).toBeGreaterThanOrEqual(30);
  expect(many.filter(({ status }) => status === 429).length).toBeGreaterThan(15);
  const rows = await waitFor('the audit', async () => ((rows) => (rows.length > 0 ? rows : undefined))(await audited('token.refused')), {
    timeoutMs,
  });
  expect(rows).toEqual([
    expect.objectContaining({
      subject: `token/${name}`,
      reason: 'a token that is revoked is still used',
      change: { why: 'revoked', address: expect.stringMatching(/^192\.0\.2\./), entry: 'bearer' },
    }),
  ]);
});

it('of workloads are told so however often, for that is how they learn to ask for the next one', async () => {
  await world.query(
    `INSERT INTO api_token (id, name, sha256, stamp, expires_at) VALUES ('w', 'eu-1/w', encode(sha256('workload-secret'), 'hex'), 'eu-1', now() - interval '1 second')`,
  );
  const many = await Promise.all(Array.from({ length: 200 }, async () => from('203.0.113.11', 'workload-secret')));
  expect(new Set(many.map(({ status }) => status))).toEqual(new Set([401]));
  expect((await from('203.0.113.11', 'guess')).status).toBe(401);
});
