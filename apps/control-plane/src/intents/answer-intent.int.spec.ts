import type { IntentReply, IntentRequest } from '@lapidary/contracts/intent-protocol';
import { rowsOf } from '@lapidary/db/rows';
import { newId } from '@lapidary/kernel/ids';
import type { FastifyInstance } from 'fastify';
import { home, openDatabase, openWorld, type World, type WorldDatabase } from '../../test/world.js';
import { answerIntent, type OwnerOptions } from './answer-intent.js';

/** The owner's side alone: every order of executions, repeats and cancels, by hand. */
let database: WorldDatabase;
let world: World;
let owner: OwnerOptions;
beforeAll(async () => {
  database = await openDatabase();
  world = await openWorld(database);
  const fastify = world.app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  owner = { region: home, peer: 'us', roleMax: 'admin', fastify, dataSource: world.resources.dataSource };
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

const soon = (): string => new Date(Date.now() + 60_000).toISOString();
const past = (): string => new Date(Date.now() - 1_000).toISOString();
type Execute = Extract<IntentRequest, { want: 'execute' }>;
const execute = (tenant: string, more: { readonly expiresAt?: string; readonly command?: Partial<Execute['command']> } = {}): Execute => ({
  want: 'execute',
  id: newId(),
  expiresAt: more.expiresAt ?? soon(),
  command: {
    method: 'POST',
    url: '/v1/tenants',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: tenant, region: home }),
    principal: { actor: 'token:far', bindings: [{ role: 'operator', region: home }] },
    ...more.command,
  },
});
const cancelOf = ({ id, expiresAt }: Execute): IntentRequest => ({ want: 'cancel', id, expiresAt, by: 'token:far' });
const created = async (tenant: string): Promise<number> =>
  (await rowsOf(world.resources.dataSource, `SELECT 1 FROM audit WHERE subject = $1 AND action = 'tenant.created'`, [`tenant/${tenant}`]))
    .length;

it('does it once, however many ask at a time, and gives all the same verdict (IN1, IN2)', async () => {
  const request = execute('many');
  const replies = await Promise.all(Array.from({ length: 12 }, async () => answerIntent(owner, request)));
  expect(new Set(replies.map((r) => r.verdict))).toEqual(new Set(['executed']));
  expect(await created('many')).toBe(1);
  const later = await answerIntent(owner, request);
  expect([later.verdict, later.answer?.status, (JSON.parse(later.answer!.body) as { id: string }).id]).toEqual(['executed', 201, 'many']);
});

it('a cancel that races with executions is decided here, once: done, or never to be done (IN2)', async () => {
  const verdicts = new Map<string, number>();
  for (let round = 0; round < 40; round += 1) {
    const tenant = `race-${round}`;
    const request = execute(tenant);
    const asked: Promise<IntentReply>[] = [answerIntent(owner, request), answerIntent(owner, request)];
    // From before the execution to after it: each round a little later.
    for (let turn = 0; turn < round; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    asked.push(answerIntent(owner, cancelOf(request)), answerIntent(owner, request));
    const got = new Set((await Promise.all(asked)).map((r) => r.verdict).filter((v) => v !== 'not-now'));
    expect(got.size).toBe(1);
    const [verdict] = [...got];
    expect([verdict, await created(tenant)]).toEqual([verdict, verdict === 'executed' ? 1 : 0]);
    expect((await answerIntent(owner, request)).verdict).toBe(verdict);
    verdicts.set(verdict!, (verdicts.get(verdict!) ?? 0) + 1);
  }
  // Else the race was none.
  expect([...verdicts.keys()].sort()).toEqual(['cancelled', 'executed']);
});

it('a cancel that comes first holds, also for an execution that was on its way (IN2)', async () => {
  const request = execute('never');
  expect((await answerIntent(owner, cancelOf(request))).verdict).toBe('cancelled');
  expect((await answerIntent(owner, request)).verdict).toBe('cancelled');
  expect(await created('never')).toBe(0);
});

it('what comes too late is expired for good, whatever a repeat says (IN4)', async () => {
  const request = execute('late', { expiresAt: past() });
  expect((await answerIntent(owner, request)).verdict).toBe('expired');
  expect((await answerIntent(owner, { ...request, expiresAt: soon() })).verdict).toBe('expired');
  expect(await created('late')).toBe(0);
});

it('what was done in time stays done when its time has run out (IN2)', async () => {
  const request = execute('in-time');
  expect((await answerIntent(owner, request)).verdict).toBe('executed');
  expect((await answerIntent(owner, { ...request, expiresAt: past() })).verdict).toBe('executed');
});

it('a refusal is a verdict: it does not turn into an execution once its cause is gone', async () => {
  const request = execute('refused', { command: { principal: { actor: 'token:far', bindings: [{ role: 'viewer', region: home }] } } });
  const refused = await answerIntent(owner, request);
  expect([refused.verdict, refused.answer?.status]).toEqual(['refused', 403]);
  expect((await answerIntent(owner, { ...request, command: execute('refused').command })).verdict).toBe('refused');
  expect(await created('refused')).toBe(0);
});

it('an owner whose database hangs has no verdict yet, and one later', async () => {
  const blocker = world.resources.dataSource.createQueryRunner();
  await blocker.connect();
  await blocker.query('BEGIN');
  await blocker.query('LOCK TABLE tenant IN EXCLUSIVE MODE');
  const request = execute('waits');
  const reply = await answerIntent(owner, request);
  await blocker.query('ROLLBACK');
  await blocker.release();
  expect(reply.verdict).toBe('not-now');
  expect((await answerIntent(owner, request)).verdict).toBe('executed');
  expect(await created('waits')).toBe(1);
});

it('intents of different regions never meet, even under one id', async () => {
  const request = execute('of-us');
  expect((await answerIntent({ ...owner, peer: 'ap' }, cancelOf(request))).verdict).toBe('cancelled');
  expect((await answerIntent(owner, request)).verdict).toBe('executed');
});

describe('a region that asks for what it may not (IN6)', () => {
  const far = (actor: string, role = 'admin') => ({ actor, bindings: [{ role, region: '*' }] });
  it.each<[string, Partial<Execute['command']>]>([
    ['speaks for a part of this region', { principal: far('system:replication') }],
    ['speaks for a roll-out', { principal: far('rollout:us.01JAAAAAAAAAAAAAAAAAAAAAAA') }],
    ['speaks for nobody', { principal: far('token:') }],
    ['hides who it is for', { principal: far('token:\u202enimda') }],
    ['speaks for a workload', { principal: far('workload:eu-1') }],
    ['asks a question', { method: 'GET', body: null }],
    ['begins a session', { url: '/v1/session', body: '{}' }],
    ['reaches beside the API', { url: '/v1/../metrics' }],
    ['asks for a stamp of its own', { url: '/v1/stamps/us-1/cordon', body: '{"reason":"x"}' }],
    ['asks for its own tenant', { body: JSON.stringify({ id: 'forged', region: 'us' }) }],
    ['names roles that are none', { principal: far('token:far', 'root') }],
  ])('%s: refused, and nothing is written', async (_, command) => {
    const reply = await answerIntent(owner, execute('forged', { command }));
    expect([reply.verdict, reply.answer?.status]).toEqual(['refused', 403]);
    expect(await created('forged')).toBe(0);
  });

  it('is itself who a verdict is by where it names somebody else’s part, also when that comes late or takes back (I10)', async () => {
    const forged = { principal: far('system:replication') };
    const late = { ...execute('forged', { command: forged }), expiresAt: new Date(Date.now() - 1_000).toISOString() };
    const [refused, taken, cancelled] = [execute('forged', { command: forged }), execute('forged'), execute('forged')];
    const verdicts = [
      await answerIntent(owner, late),
      await answerIntent(owner, refused),
      await answerIntent(owner, { want: 'cancel', id: taken.id, expiresAt: taken.expiresAt, by: 'system:relay' }),
      await answerIntent(owner, { want: 'cancel', id: cancelled.id, expiresAt: cancelled.expiresAt, by: 'token:ann' }),
    ];
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['expired', 'refused', 'cancelled', 'cancelled']);
    const actors = await Promise.all(
      [late, refused, taken, cancelled].map(async ({ id }) => {
        const rows = await rowsOf<{ actor: string }>(world.resources.dataSource, 'SELECT actor FROM intent_verdict WHERE id = $1', [id]);
        return rows[0]?.actor;
      }),
    );
    expect(actors).toEqual([`region:${owner.peer}`, `region:${owner.peer}`, `region:${owner.peer}`, 'token:ann']);
  });

  it('has no more rights here than it was given, whatever it says of its people', async () => {
    const reply = await answerIntent({ ...owner, roleMax: 'viewer' }, execute('limited', { command: { principal: far('token:far') } }));
    expect([reply.verdict, reply.answer?.status]).toEqual(['refused', 403]);
    expect(await created('limited')).toBe(0);
  });
});
