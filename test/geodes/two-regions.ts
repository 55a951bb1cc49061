import type { IntentView } from '@lapidary/contracts/api/intents';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { waitFor } from '@lapidary/kernel/wait-for';
import { provisionFirstStamp } from '../../tools/local/provision-first-stamp.js';
import type { ApiAnswer } from '../e2e/api-client.js';
import { throughRouter, type RouterAnswer } from '../e2e/router-client.js';
import { Geodes } from './geodes.js';
import { OrdinaryWork } from './ordinary-work.js';

export const caseMs = 300_000;
export const regions = ['eu', 'us'];
export const other = (region: string): string => (region === 'eu' ? 'us' : 'eu');

const timeoutMs = 60_000;
/** Of control planes that are killed, some of them twice. */
const answerMs = 120_000;
const collection = { scope: 'fleet', policy: { kind: 'lww' } };
const stock = { scope: 'fleet', policy: { kind: 'counter', bounded: true } };

/**
 * Two regions as processes, each with a stamp (`eu-1`), a tenant on it (`at-eu`), a collection of notes with one that both have, and one
 * of stock; and how tests of autonomy ask for things.
 */
export class TwoRegions {
  /** Tenants of "us" that were asked for in "eu" while it was cut off, and not wanted any more. */
  readonly takenBackIds: string[] = [];

  private constructor(readonly geodes: Geodes) {}

  /** `name`: of its folder, one per test file. */
  static async start(name: string): Promise<TwoRegions> {
    const world = new TwoRegions(await Geodes.start(name, regions, { stamps: true, inMemory: true }));
    try {
      await world.furnish();
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  stop(): Promise<void> {
    return this.geodes.stop();
  }

  workIn(region: string): OrdinaryWork {
    return new OrdinaryWork(this.geodes, region, { notes: 'notes', stock: 'stock' });
  }

  provision(stamp: string): Promise<boolean> {
    return provisionFirstStamp({ api: this.geodes.apiUrl(stamp.slice(0, 2)), token: this.geodes.token }, stamp, () => undefined);
  }

  /** Null: the connection failed. */
  async through(region: string, tenant: string, path = '/api/whoami', options = {}): Promise<RouterAnswer | null> {
    return await throughRouter(this.geodes.router(region), `${tenant}.lapidary.localhost`, path, options).catch(() => null);
  }

  served(region: string, tenant: string): Promise<unknown> {
    const isServed = async (): Promise<true | undefined> => (await this.through(region, tenant))?.status === 200 || undefined;
    return waitFor(`${tenant} to be served in ${region}`, isServed, { timeoutMs });
  }

  /** Answers of control planes that are being killed are asked for again, under the same key. */
  async asked(region: string, path: string, body: unknown, idempotencyKey: string): Promise<ApiAnswer> {
    return await waitFor(
      `${region} to answer`,
      async () => {
        const answer = await this.geodes
          .api(region)
          .post(path, body, { idempotencyKey })
          .catch(() => null);
        return answer !== null && answer.status < 500 ? answer : undefined;
      },
      { timeoutMs: answerMs },
    );
  }

  create(at: string, id: string, region: string, seconds?: number): Promise<ApiAnswer> {
    return seconds === undefined
      ? this.asked(at, '/v1/tenants', { id, region }, id)
      : this.geodes.api(at).post('/v1/tenants', { id, region }, { headers: { 'x-lapidary-intent-seconds': String(seconds) } });
  }

  async tenantIn(region: string, id: string): Promise<TenantView | null> {
    const answer = await this.geodes
      .api(region)
      .get(`/v1/tenants/${id}`)
      .catch(() => null);
    return answer?.status === 200 ? (answer.body as TenantView) : null;
  }

  async intentsIn(region: string, state = 'open'): Promise<IntentView[]> {
    const { body } = await this.geodes.api(region).get(`/v1/intents?state=${state}&limit=200`);
    return (body as { items: IntentView[] }).items;
  }

  /** Each region knows that it is alone. */
  async cutSeen(): Promise<void> {
    const seenBy = (region: string): Promise<unknown> =>
      waitFor(
        `${region} to see that it is alone`,
        async () => {
          const { body } = await this.geodes.api(region).get('/v1/geode');
          return (body as { autonomousSince: string | null }).autonomousSince ?? undefined;
        },
        { timeoutMs },
      );
    await Promise.all(regions.map(seenBy));
  }

  /** How often a region's audit says that it did it (I10). */
  async done(region: string, subject: string, action: string): Promise<number> {
    const database = await this.geodes.connect(region);
    try {
      return (await database.query('SELECT 1 FROM audit WHERE subject = $1 AND action = $2', [subject, action])).rowCount ?? 0;
    } finally {
      await database.end();
    }
  }

  /** A command for the other region, done there at once. */
  async commandAbroad(): Promise<void> {
    for (const [verb, body] of [
      ['cordon', { reason: 'from afar' }],
      ['uncordon', {}],
    ] as const)
      expect((await this.geodes.api('eu').post(`/v1/stamps/us-1/${verb}`, body)).status).toBe(200);
  }

  /** A command that waits, because the other region is cut off for the moment, and is taken back before it is not. */
  async takenBack(id: string): Promise<void> {
    this.geodes.breakAll('cut');
    try {
      const { status, body } = await this.create('eu', id, 'us');
      expect(status).toBe(202);
      const cancel = await this.geodes.api('eu').post(`/v1/intents/${(body as IntentView).id}/cancel`, { reason: 'not any more' });
      expect((cancel.body as IntentView).state).toBe('cancelled');
    } finally {
      this.geodes.breakAll('open');
    }
    this.takenBackIds.push(id);
  }

  private async furnish(): Promise<void> {
    const { geodes } = this;
    await Promise.all(regions.map((region) => this.provision(`${region}-1`)));
    for (const region of regions) expect((await this.create(region, `at-${region}`, region)).status).toBe(201);
    expect((await geodes.api('eu').put('/v1/collections/notes', collection)).status).toBeLessThan(300);
    expect((await geodes.api('eu').put('/v1/collections/stock', stock)).status).toBeLessThan(300);
    await geodes.client('eu').operate('stock', 'lamp', [{ op: 'add', units: 100 }]);
    await geodes.client('eu').put('notes', 'n', { text: 'before' });
    await waitFor('us to have the note', async () => (await geodes.client('us').read('notes', 'n')) ?? undefined, { timeoutMs });
    for (const region of regions) await this.served(region, `at-${region}`);
  }
}
