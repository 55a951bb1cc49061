import type { IntentReply } from '@lapidary/contracts/intent-protocol';
import { IntentRequestSchema } from '@lapidary/contracts/intent-protocol';
import { apiIntents } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { createMetrics } from '@lapidary/telemetry/metrics';
import type { FastifyInstance } from 'fastify';
import type { DataSource } from 'typeorm';
import { addToken, home, openDatabase, openWorld, type World, type WorldDatabase } from '../../test/world.js';
import { testLogger } from '../outbox/testing/test-region.js';
import { answerIntent, type OwnerOptions } from './answer-intent.js';
import { IntentDispatcher, type DispatcherOptions } from './dispatcher.js';
import { getIntent, insertIntent } from './intent-store.js';
import { intentMetrics } from './metrics.js';

/** One database stands for both regions, as in any-order.int.spec.ts; the messages go over a real NATS server. */
const origin = 'us';
let database: WorldDatabase;
let world: World;
let owner: OwnerOptions;
let stopAnswering: () => void;
/** What the owner answers in place of its own verdict; null: its own. */
let otherAnswer: unknown = null;

beforeAll(async () => {
  database = await openDatabase();
  world = await openWorld(database);
  await addToken(world, 'far', 'operator');
  const fastify = world.app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  owner = { region: home, peer: origin, roleMax: 'admin', fastify, dataSource: world.resources.dataSource };
  stopAnswering = world.resources.nats.serveJson(apiIntents(home, origin), IntentRequestSchema, async (request): Promise<unknown> => {
    if (otherAnswer instanceof Error) throw otherAnswer;
    return otherAnswer ?? ((await answerIntent(owner, request)) satisfies IntentReply);
  });
});
afterAll(async () => {
  stopAnswering?.();
  await world?.close();
  await database?.drop();
});

const take = async (tenant: string): Promise<string> => {
  const id = newId();
  await inTransaction(world.resources.dataSource, async (tx) =>
    insertIntent(tx, {
      ...{
        id,
        owner: home,
        subject: `tenant/${tenant}`,
        method: 'POST',
        url: '/v1/tenants',
        headers: { 'content-type': 'application/json' },
      },
      ...{ body: JSON.stringify({ id: tenant, region: home }), actor: 'token:far', reason: null, request_id: id, idempotency_key: null },
      ...{ request_hash: '', state: 'queued', expiresAt: new Date(Date.now() + 600_000).toISOString() },
    }),
  );
  return id;
};
const intentOf = async (id: string) => getIntent(world.resources.dataSource, id);
const created = async (tenant: string): Promise<number> =>
  (await rowsOf(world.resources.dataSource, `SELECT 1 FROM audit WHERE subject = $1 AND action = 'tenant.created'`, [`tenant/${tenant}`]))
    .length;

class Killed extends Error {}

/** Counts the waits of whoever works through it, before and after each, and ends them all from the one with that number on. */
class Life {
  waits = 0;
  dead = false;

  constructor(private readonly diesAt: number) {}

  async through<T>(work: () => Promise<T>): Promise<T> {
    this.point();
    const result = await work();
    this.point();
    return result;
  }

  private point(): void {
    this.waits += 1;
    this.dead ||= this.waits === this.diesAt;
    if (this.dead) throw new Killed('killed');
  }

  /** A transaction that its writer's death leaves open is rolled back, as Postgres does when the connection is gone. */
  database(dataSource: DataSource): DataSource {
    const mortal = (tx: Tx): Tx =>
      new Proxy(tx, {
        get: (of, name) =>
          name === 'query' ? (...args: [string, unknown[]?]) => this.through(() => of.query(...args)) : (Reflect.get(of, name) as unknown),
      });
    return {
      query: (...args: [string, unknown[]?]) => this.through(() => dataSource.query(...args)),
      transaction: (work: (tx: Tx) => Promise<unknown>) =>
        this.through(() => dataSource.transaction(async (tx) => this.through(() => work(mortal(tx))))),
    } as unknown as DataSource;
  }

  link(link: NatsLink): NatsLink {
    return {
      isConnected: true,
      requestJson: (...args: Parameters<NatsLink['requestJson']>) => this.through(() => link.requestJson(...args)),
    } as unknown as NatsLink;
  }
}

const lead = async (life: Life, until: () => Promise<boolean>): Promise<void> => {
  const { dataSource, nats } = world.resources;
  const options: DispatcherOptions = {
    ...{ region: origin, peer: home, link: life.link(nats), dataSource: life.database(dataSource), logger: testLogger },
    metrics: createMetrics(intentMetrics, { processMetrics: false }),
  };
  const dispatcher = new IntentDispatcher(options);
  // The pause after an attempt is not waited for.
  dispatcher.reconnected();
  const stop = new AbortController();
  const done = dispatcher.lead(stop.signal);
  await waitFor('the dispatcher', async () => life.dead || (await until()) || undefined, { timeoutMs: 60_000, intervalMs: 5 });
  stop.abort();
  await done;
};
const settled = (id: string) => async (): Promise<boolean> => (await intentOf(id)).settled_at !== null;

it('killed at any of its waits, before or after what it waits for, it loses no intent and doubles none (IN1, IN3)', async () => {
  const immortal = new Life(Infinity);
  await lead(immortal, settled(await take('whole')));
  // The look at the queue, two transactions with what is in them, the message and its answer.
  expect(immortal.waits).toBeGreaterThan(20);
  const left: string[] = [];
  for (let at = 1; at <= immortal.waits; at += 1) {
    const tenant = `killed-${at}`;
    const id = await take(tenant);
    const life = new Life(at);
    await lead(life, settled(id));
    left.push((await intentOf(id)).state);
    await lead(new Life(Infinity), settled(id));
    const { state, answer } = await intentOf(id);
    expect({ at, dead: life.dead || at > life.waits, state, status: answer?.status, created: await created(tenant) }).toEqual({
      ...{ at, dead: true, state: 'executed', status: 201, created: 1 },
    });
  }
  // It was really killed in between: before anything was sent, after, and when all was done.
  expect(new Set(left)).toEqual(new Set(['queued', 'sent', 'executed']));
});

it('an owner of another version, whose answer says nothing here, is asked again until its verdict can be read (IN2)', async () => {
  const id = await take('mixed');
  for (const answer of [
    { verdict: 'postponed', answer: null },
    { decision: { newer: true } },
    new Error('an older version knows no such request'),
  ]) {
    otherAnswer = answer;
    const before = (await intentOf(id)).attempts;
    await lead(new Life(Infinity), async () => {
      const { attempts, last_error: error } = await intentOf(id);
      return attempts > before && error !== null;
    });
    expect(await intentOf(id)).toMatchObject({ state: 'sent', settled_at: null });
    await world.query('UPDATE intent SET last_error = NULL WHERE id = $1', [id]);
  }
  expect(await created('mixed')).toBe(0);
  otherAnswer = null;
  await lead(new Life(Infinity), settled(id));
  expect([(await intentOf(id)).state, await created('mixed')]).toEqual(['executed', 1]);
});
