import type { IntentReply, IntentRequest } from '@lapidary/contracts/intent-protocol';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import type { FastifyInstance } from 'fastify';
import { Random } from '../../../../test/sim/random.js';
import { addToken, home, openDatabase, openWorld, type World, type WorldDatabase } from '../../test/world.js';
import { systemContext } from '../http/command-context.js';
import { answerIntent, type OwnerOptions } from './answer-intent.js';
import { cancelIntent } from './cancel-intent.js';
import { getIntent, insertIntent } from './intent-store.js';
import { prepareToSend, takeReply } from './send-intent.js';

/**
 * Both sides by hand, out of a seed: whoever sends may be killed after each step (nothing more comes of it), messages and answers are
 * lost, doubled and late, somebody cancels at any moment, the time runs out at any moment. One database stands for both regions: their
 * tables are different ones.
 */
const origin = 'us';
const seeds = 120;
const stepsMax = 14;

let database: WorldDatabase;
let world: World;
let owner: OwnerOptions;
beforeAll(async () => {
  database = await openDatabase();
  world = await openWorld(database);
  await addToken(world, 'far', 'operator');
  const fastify = world.app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  owner = { region: home, peer: origin, roleMax: 'admin', fastify, dataSource: world.resources.dataSource };
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

const tx = <T>(work: Parameters<typeof inTransaction<T>>[1]): Promise<T> => inTransaction(world.resources.dataSource, work);

const take = async (id: string, tenant: string, lifeMs: number): Promise<void> => {
  const body = JSON.stringify({ id: tenant, region: home });
  const headers = { 'content-type': 'application/json' };
  await tx(async (t) =>
    insertIntent(t, {
      ...{ id, owner: home, subject: `tenant/${tenant}`, method: 'POST', url: '/v1/tenants', headers, body, actor: 'token:far' },
      ...{ reason: null, request_id: id, idempotency_key: null, request_hash: '', state: 'queued' },
      expiresAt: new Date(Date.now() + lifeMs).toISOString(),
    }),
  );
};

/** What is on its way; each may arrive any number of times. */
class Between {
  readonly messages: IntentRequest[] = [];
  readonly replies: IntentReply[] = [];

  constructor(private readonly id: string) {}

  async send(): Promise<void> {
    const prepared = await tx(async (t) => prepareToSend(t, origin, this.id));
    if (prepared !== null && typeof prepared !== 'string') this.messages.push(prepared);
  }

  async deliver(message: IntentRequest): Promise<void> {
    this.replies.push(await answerIntent(owner, message));
  }

  async reply(reply: IntentReply): Promise<void> {
    await tx(async (t) => takeReply(t, origin, this.id, reply));
  }
}

/** Over before anything can be sent, over at some moment, or not over: whatever the speed of the machine, the first and the last are met. */
const lifeMsOf = (random: Random): number => {
  const kind = random.next();
  if (kind < 0.1) return 0;
  return kind < 0.45 ? 1 + random.below(40) : 60_000;
};

/** One life of an intent; returns how it ended, after looking at both sides. */
const live = async (seed: number): Promise<string> => {
  const random = new Random(seed);
  const [id, tenant] = [newId(), `any-${seed}`];
  await take(id, tenant, lifeMsOf(random));
  const between = new Between(id);
  const cancel = async (): Promise<void> => {
    await tx(async (t) => cancelIntent(t, systemContext(origin, 'test', id), id)).catch((error: { code?: string }) => {
      // It has ended already.
      if (error.code !== 'illegal_transition') throw error;
    });
  };
  for (let step = 0; step < stepsMax; step += 1) {
    const what = random.next();
    if (what < 0.3) await between.send();
    else if (what < 0.65 && between.messages.length > 0) {
      const message = random.pick(between.messages);
      // At once with another one: two control planes of the owner.
      await Promise.all([between.deliver(message), ...(random.chance(0.3) ? [between.deliver(random.pick(between.messages))] : [])]);
    } else if (what < 0.8 && between.replies.length > 0) await between.reply(random.pick(between.replies));
    else if (what > 0.93) await cancel();
  }
  for (let round = 0; (await getIntent(world.resources.dataSource, id)).settled_at === null; round += 1) {
    if (round > 5) throw new Error(`seed ${seed}: the intent does not end`);
    await between.send();
    const last = between.messages.at(-1);
    if (last) await between.deliver(last);
    const reply = between.replies.at(-1);
    if (reply) await between.reply(reply);
  }
  const { state, attempts } = await getIntent(world.resources.dataSource, id);
  // Stragglers change nothing any more.
  for (const message of between.messages) await between.deliver(message);
  for (const reply of between.replies) await between.reply(reply);
  const effects = await rowsOf(world.resources.dataSource, `SELECT 1 FROM audit WHERE subject = $1 AND action = 'tenant.created'`, [
    `tenant/${tenant}`,
  ]);
  const [verdict] = await rowsOf<{ verdict: string }>(world.resources.dataSource, 'SELECT verdict FROM intent_verdict WHERE id = $1', [id]);
  // IN1: once, or not at all. IN2: both sides say the same, and what was never sent left nothing at the owner.
  expect({ seed, state, effects: effects.length }).toEqual({ seed, state, effects: state === 'executed' ? 1 : 0 });
  expect({ seed, verdict: verdict?.verdict }).toEqual({ seed, verdict: attempts === 0 ? undefined : state });
  expect((await getIntent(world.resources.dataSource, id)).state).toBe(state);
  return attempts === 0 ? `${state} unsent` : state;
};

it('whatever is lost, doubled, late, killed or cancelled: done once or not at all, and both sides say the same (IN1, IN2, IN4)', async () => {
  const ends = new Map<string, number>();
  for (let seed = 1; seed <= seeds; seed += 1) {
    const end = await live(seed);
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  // Each way to end is reached, or the schedules show less than they claim.
  expect([...ends.keys()].sort()).toEqual(['cancelled', 'cancelled unsent', 'executed', 'expired', 'expired unsent']);
});
