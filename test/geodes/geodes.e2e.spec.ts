import { GeodeSchema } from '@lapidary/contracts/api/replication';
import { waitFor } from '@lapidary/kernel/wait-for';
import { proves } from '@lapidary/testing/proves';
import { missing } from './agreement.js';
import { agreed, apartAndTogether, furnishGeodes, type Ordeal } from './apart-and-together.js';
import { forgeOrder, forgeRequests } from './forgery.js';
import { Geodes } from './geodes.js';
import type { Acknowledged } from './writers.js';
import { addRegionKey, signWithNewest, withdrawOthers } from '../../tools/region-keys.js';

/** Three regions boot, and everything is killed twice in each case. */
const caseMs = 400_000;
const regions = ['eu', 'us', 'ap'];
/** Enough for every kind of write to meet every other region's at the same keys; `npm run soak:geodes` makes 10,000. */
const writes = 150;

describe('three regions that are cut apart (P-GE1, P-GE6)', () => {
  let geodes: Geodes;
  let done: Acknowledged;
  beforeAll(async () => {
    geodes = await Geodes.start('e2e', regions, { inMemory: true });
    done = await furnishGeodes(geodes);
  }, caseMs);
  afterAll(async () => geodes?.stop(), 60_000);

  const live = async (ordeal: Partial<Ordeal> & Pick<Ordeal, 'seed' | 'cut'>): Promise<void> => {
    const outcome = await apartAndTogether(geodes, done, { writes, apartMs: 0, killed: [], ...ordeal });
    expect(Object.fromEntries(outcome.missing)).toEqual({ eu: [], us: [], ap: [] });
    expect(outcome.figures.writes).toBe(writes * regions.length);
  };

  it(
    'who has the password of a region’s NATS tells nothing in its name, and neither greets nor commands it in another’s; what is true comes all the same (P-SC3)',
    async () => {
      const order = { from: 'eu', lines: 0 };
      const put = async (id: string): Promise<void> => {
        await geodes.client('eu').put('orders', id, order);
        done.orders.set(id, order);
      };
      await put('before-forgery');
      await geodes.asControl('eu', async (link) => {
        await forgeOrder(link, 'eu', 'before-forgery', 'forged', geodes.signingKey('eu'));
        for (const refusal of await forgeRequests(link, 'eu', 'us', 'forged')) expect(refusal).toContain('it is not signed');
      });
      await put('after-forgery');
      for (const region of ['us', 'ap'])
        await waitFor(`${region} to have it`, async () => (await geodes.client(region).read('orders', 'after-forgery')) ?? undefined, {
          timeoutMs: 60_000,
        });
      for (const region of regions) expect(await geodes.client(region).read('orders', 'forged')).toBeNull();
      expect((await geodes.api('eu').get('/v1/tenants/forged')).status).toBe(404);
      const refusedIn = async (region: string, peer: string): Promise<string[]> => {
        const { peers, recovery } = GeodeSchema.parse((await geodes.api(region).get('/v1/geode')).body);
        expect(recovery ?? null).toBeNull();
        const of = peers.find((p) => p.region === peer)!.signatures!;
        expect(of.required).toBe(true);
        return of.refused.map(({ what, why }) => `${what} ${why}`).sort();
      };
      for (const [region, peer, what] of [
        ['us', 'eu', ['events unsigned', 'events wrong_signature']],
        ['ap', 'eu', ['events unsigned', 'events wrong_signature']],
        ['eu', 'us', ['request unsigned']],
      ] as const)
        await waitFor(`what ${region} says of it`, async () => (await refusedIn(region, peer)).join() === what.join() || undefined, {
          timeoutMs: 60_000,
        });
      const { body } = await geodes.api('us').get('/readyz');
      expect(JSON.stringify(body)).toContain('in the name of region eu');
    },
    caseMs,
  );

  it(
    'change the key of one of them without being started anew, and nothing that they tell is refused meanwhile',
    async () => {
      // Each process counts what it refused since it was started; what the forger above did is in it.
      const refused = async (region: string): Promise<number> => {
        const page = await (await fetch(`${geodes.apiUrl(region)}/metrics`)).text();
        const counts = page.split('\n').filter((line) => line.startsWith('lapidary_replication_signatures_refused_total{'));
        expect(counts.length).toBeGreaterThan(0);
        return counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
      };
      const all = async (): Promise<number[]> => Promise.all(regions.map(refused));
      const before = await all();
      const old = geodes.signingKey('eu');
      const keysOf = async (region: string): Promise<string[] | undefined> => {
        const view = GeodeSchema.parse((await geodes.api(region).get('/v1/geode')).body);
        expect(view.keysRefused).toEqual([]);
        return region === 'eu' ? [view.signsWith!] : view.peers.find((p) => p.region === 'eu')!.signatures!.keys;
      };
      const until = async (region: string, kids: readonly string[]): Promise<void> => {
        await waitFor(`the keys of eu at ${region}`, async () => (await keysOf(region))?.join() === kids.join() || undefined, {
          timeoutMs: 60_000,
        });
      };
      const told = async (id: string): Promise<void> => {
        await geodes.client('eu').put('orders', id, { from: 'eu', lines: 0 });
        done.orders.set(id, { from: 'eu', lines: 0 });
        for (const region of ['us', 'ap'])
          await waitFor(`${region} to have ${id}`, async () => (await geodes.client(region).read('orders', id)) ?? undefined, {
            timeoutMs: 60_000,
          });
      };
      addRegionKey(geodes.keysFolder, 'eu');
      const next = `${old}-2`;
      for (const region of ['us', 'ap']) await until(region, [old, next]);
      await told('key-told');
      signWithNewest(geodes.keysFolder, 'eu');
      await until('eu', [next]);
      await told('key-signs');
      withdrawOthers(geodes.keysFolder, 'eu');
      for (const region of ['us', 'ap']) await until(region, [next]);
      await told('key-alone');
      expect(await all()).toEqual(before);
      // A process that is started anew has the same, and reads on where it was.
      await geodes.kill('control-plane', 'us');
      await told('key-after-kill');
      expect(await refused('us')).toBe(0);
    },
    caseMs,
  );

  it(
    proves(
      'go on writing alone, and show the same when the links are back: no write lost, nothing sold twice (I5, I6)',
      { operation: 'write-documents', failure: 'regions-cut', outcome: 'works' },
      { operation: 'sell-stock', failure: 'regions-cut', outcome: 'works' },
    ),
    async () => {
      await live({ seed: 1, cut: 'cut' });
      // Else nobody would have had a reason to sell what is not there.
      expect(done.soldOut).toBeGreaterThan(0);
    },
    caseMs,
  );

  it(
    proves(
      'so do they where nobody was told that the links are dead, and every control plane is killed meanwhile',
      { operation: 'write-documents', failure: 'links-silent', outcome: 'works' },
      { operation: 'sell-stock', failure: 'links-silent', outcome: 'works' },
      { operation: 'write-documents', failure: 'control-plane-down', outcome: 'recovers' },
    ),
    async () => {
      await live({ seed: 2, cut: 'black-hole', killed: ['control-plane'] });
    },
    caseMs,
  );

  it(
    proves('so do they where every event stream and every database is killed meanwhile', {
      operation: 'write-documents',
      failure: 'postgres-down',
      outcome: 'recovers',
    }),
    async () => {
      await live({ seed: 3, cut: 'cut', killed: ['nats', 'postgres'] });
    },
    caseMs,
  );

  it(
    'so do they where what is said arrives one way only: each side says that it is cut off, and none takes silence for agreement',
    async () => {
      const linksOf = async (region: string): Promise<string[]> => {
        const { body } = await geodes.api(region).get('/v1/geode');
        return (body as { peers: { link: string }[] }).peers.map(({ link }) => link);
      };
      geodes.breakOneWay('eu', 'us');
      for (const [region, links] of [
        ['eu', ['connected', 'cut']],
        ['us', ['connected', 'cut']],
        ['ap', ['connected', 'connected']],
      ] as const)
        await waitFor(`the links of ${region}`, async () => (await linksOf(region)).sort().join() === links.join() || undefined, {
          timeoutMs: 60_000,
        });
      await live({ seed: 4, cut: 'one-way', killed: ['control-plane'] });
    },
    caseMs,
  );

  it(
    'a region that reaches only one other learns everything through it alone, once that one reaches the third',
    async () => {
      geodes.break('eu', 'us', 'cut');
      await geodes.client('eu').put('orders', 'by-way-of-nobody', { from: 'eu', lines: 0 });
      done.orders.set('by-way-of-nobody', { from: 'eu', lines: 0 });
      // Regions read from the origin itself: ap has it, us hears of it only when its own link is back.
      await waitFor('ap to have it', async () => (await geodes.client('ap').read('orders', 'by-way-of-nobody')) ?? undefined, {
        timeoutMs: 60_000,
      });
      expect(await geodes.client('us').read('orders', 'by-way-of-nobody')).toBeNull();
      geodes.break('eu', 'us', 'open');
      const seen = await agreed(geodes);
      for (const [, what] of seen) expect(missing(what, done)).toEqual([]);
    },
    caseMs,
  );
});
