import { GeodeSchema, type GeodeView } from '@lapidary/contracts/api/replication';
import { RegionSchema, type RegionView } from '@lapidary/contracts/api/regions';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { waitFor } from '@lapidary/kernel/wait-for';
import { digestOf, look, missing, type Seen } from './agreement.js';
import { furnishGeodes } from './apart-and-together.js';
import { Geodes } from './geodes.js';
import { asked } from './region-rows.js';
import type { Acknowledged } from './writers.js';

/**
 * A region that is lost for good (regions/given-up-states.ts, RG1 to RG9), as processes: `ap` is killed with its database, when `eu` alone has heard the last
 * that it said. It is given up in `us`, by the command line, as docs/runbooks/add_or_remove_a_region.md says; then it is started again from what it left.
 */
const caseMs = 900_000;
/** Of one step; a machine under load looks for drift in a minute. */
const timeoutMs = 240_000;
const remaining = ['eu', 'us'] as const;

let geodes: Geodes;
let done: Acknowledged;
beforeAll(async () => {
  geodes = await Geodes.start('lost', ['eu', 'us', 'ap'], { inMemory: true });
  done = await furnishGeodes(geodes);
}, caseMs);
afterAll(async () => geodes?.stop(), 60_000);

const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  // A region that is just being started or ended answers nothing.
  await waitFor(what, async () => (await holds().catch(() => false)) || undefined, { timeoutMs, intervalMs: 200 });
};
const tenant = async (region: string, id: string): Promise<TenantView | null> => {
  const { status, body } = await geodes.api(region).get(`/v1/tenants/${id}`);
  return status === 200 ? (body as TenantView) : null;
};
const create = async (region: string, id: string) => await geodes.api(region).post('/v1/tenants', { id, region }, { idempotencyKey: id });
const apIn = async (region: string): Promise<RegionView> => RegionSchema.parse((await geodes.api(region).get('/v1/regions/ap')).body);
const geode = async (region: string): Promise<GeodeView> => GeodeSchema.parse((await geodes.api(region).get('/v1/geode')).body);
/** What a person reads in a terminal of 80 columns. */
const read = async (region: string, args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> => {
  const { code, stdout, stderr } = await geodes.stampctl(region, args);
  if (args[0] === 'regions') expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  return { code, text: `${stdout}\n${stderr}`.replace(/\s+/g, ' ') };
};
const seenBy = async (): Promise<readonly Seen[]> => await Promise.all(remaining.map(async (region) => look(geodes.client(region))));
const order = async (region: string, id: string): Promise<void> => {
  await geodes.client(region).put('orders', id, { from: region, lines: 0 });
  done.orders.set(id, { from: region, lines: 0 });
};
const hasOrder = async (region: string, id: string): Promise<boolean> => (await geodes.client(region).read('orders', id)) !== null;
const giveUp = ['regions', 'give-up', 'ap', '--successor', 'eu', '--reason', 'under water', '--yes'];

it(
  'what one of those that remain had heard all of them have, digests are equal, and its tenants are its successor’s; back, it is refused and says what to do',
  async () => {
    expect((await create('ap', 'acme')).status).toBe(201);
    for (const region of remaining) await until(`acme in ${region}`, async () => (await tenant(region, 'acme')) !== null);

    // Its last words, which us does not hear: of each kind of document, and a tenant.
    geodes.break('us', 'ap', 'cut');
    expect((await create('ap', 'late')).status).toBe(201);
    await geodes.client('ap').patch('attributes', 'sku-0', { f0: 'last words' });
    done.lastOf.set('sku-0 f0', new Map([['ap', 'last words']]));
    await geodes.client('ap').operate('profiles', 'profile-0', [{ op: 'insert', path: ['notes'], index: 0, values: ['last words'] }]);
    done.notes.set('profile-0', new Set(['last words']));
    await geodes.client('ap').operate('stock', 'item-0', [{ op: 'subtract', units: 2 }]);
    done.stock.set('item-0', done.stock.get('item-0')! - 2);
    await order('ap', 'last-order');
    await until('eu to have heard all of it', async () => (await tenant('eu', 'late')) !== null && (await hasOrder('eu', 'last-order')));
    expect([await tenant('us', 'late'), await hasOrder('us', 'last-order')]).toEqual([null, false]);

    await geodes.lose('ap');
    geodes.break('us', 'ap', 'open');
    const tooEarly = await read('us', giveUp);
    expect([tooEarly.code, tooEarly.text]).toEqual([5, expect.stringContaining('10 minutes of silence')]);
    for (const region of remaining)
      await asked(geodes, region, `UPDATE version_vector SET confirmed_at = now() - interval '11 minutes' WHERE origin = 'ap'`);
    expect(await read('us', giveUp)).toMatchObject({ code: 0, text: expect.stringContaining('under water') });
    for (const region of remaining) {
      await until(`${region} to say that eu has its tenants`, async () => (await apIn(region)).givenUp?.state === 'inherited');
      const { text } = await read(region, ['regions', 'ls']);
      expect(text).toContain('eu has its tenants');
      expect(text).toMatch(/eu had heard its log up to event \d+ of epoch 1 us had heard/);
      for (const id of ['acme', 'late']) await until(`${id} at home in eu`, async () => (await tenant(region, id))?.region === 'eu');
    }

    // What the runbook says next. Documents are merged; what each kind needs is in their policies.
    await until('both to show the same', async () => {
      // A look that a busy machine cut short leaves rows unjudged, and is had once more.
      for (const region of ['us', 'eu']) {
        await read(region, ['drift', 'run']);
        await read(region, ['drift', 'repair']);
      }
      return new Set((await seenBy()).map(digestOf)).size === 1;
    });
    for (const seen of await seenBy()) expect(missing(seen, done)).toEqual([]);
    await until('equal digests', async () => new Set((await Promise.all(remaining.map(geode))).map((g) => g.digest.root)).size === 1);
    // Its rights: what it had left to sell is eu's.
    await geodes.client('eu').operate('stock', 'item-0', [{ op: 'subtract', units: 4 }]);
    done.stock.set('item-0', done.stock.get('item-0')! - 4);

    await geodes.bringBack('ap');
    await until('ap to know of itself', async () => (await geode('ap')).givenUp !== undefined);
    const refused = await create('ap', 'undead');
    expect([refused.status, (refused.body as { code: string }).code]).toEqual([409, 'region_given_up']);
    expect(JSON.stringify(refused.body)).toContain('One that is back all the same is stopped');
    expect(JSON.stringify((await geodes.api('ap').get('/readyz')).body)).toContain('this region was given up as lost for good');
    const status = await read('ap', ['geode', 'status']);
    expect(status.text).toMatch(/given up: .* it writes nothing, and nobody believes it; eu has its tenants\. Stop it/);
    for (const region of remaining) {
      await until(`${region} to have heard it`, async () => typeof (await apIn(region)).givenUp?.returnedAt === 'string');
      expect((await read(region, ['regions', 'ls'])).text).toContain('is not believed: stop it');
      expect((await tenant(region, 'acme'))?.region).toBe('eu');
    }
    expect((await read('eu', ['drift', 'run'])).code).toBe(7);
    expect((await read('eu', ['drift', 'ls', '--kind', 'restored', '--region', 'eu'])).text).toContain('region/ap');

    // It is stopped, and taken out of the others' peers.
    await geodes.lose('ap');
    for (const region of remaining) await geodes.restartWithout(region, ['ap']);
    await order('us', 'after-all');
    await until('eu to have it', async () => hasOrder('eu', 'after-all'));
    await until('both to agree', async () =>
      (await Promise.all(remaining.map(geode))).every((g) => g.peers.length === 1 && g.peers[0]!.digest === 'agrees'),
    );
    for (const seen of await seenBy()) expect(missing(seen, done)).toEqual([]);
  },
  caseMs,
);
