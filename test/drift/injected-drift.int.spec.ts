import { jest } from '@jest/globals';
import type { FindingView } from '@lapidary/contracts/api/drift';
import { definitionOf } from '@lapidary/control-plane/collections/testing/collection-region';
import { fleetSums } from '@lapidary/control-plane/digests/fleet-rows';
import { openMesh, type Mesh } from '@lapidary/control-plane/replication/testing/mesh';
import { waitFor } from '@lapidary/kernel/wait-for';
import { Random } from '../sim/random.js';
import { injections, nameOf, onceARound, type Injected, type Injection, type Spots } from './injections.js';
import { writeOn } from './live-writes.js';
import { tableOf, Tally } from './tally.js';
import { stampCount } from './region-parts.js';
import { WatchedRegion } from './watched-region.js';

/** `npm run drift:inject` asks for 1,000 and more. */
const wanted = Number(process.env['LAPIDARY_DRIFT_INJECTIONS'] ?? 60);
const seed = Number(process.env['LAPIDARY_DRIFT_SEED'] ?? 1);
const documents = 300;
const tenantsAStamp = 60;
/** Of each kind in a round: together some 60. Kinds that need a stamp of their own have fewer. */
const copies: Readonly<Record<string, number>> = { changedField: 6, missingRow: 6, extraRow: 6, lostTombstone: 6, flippedByte: 6 };
const few = 2;
const many = 4;
const ofAStamp = new Set(['dedicated', 'template', 'version', 'spec', 'resource', 'copiedStamp']);
const roundMs = 120_000;
const untouchedLooks = 3;
jest.setTimeout(180_000 + Math.ceil(wanted / 50) * roundMs);

describe(`drift that is injected (seed ${seed})`, () => {
  let mesh: Mesh;
  let regions: WatchedRegion[];
  const random = new Random(seed);
  const tally = new Tally();
  let counter = 0;

  beforeAll(async () => {
    mesh = await openMesh(2);
    const [a, b] = mesh.regions as [Mesh['regions'][0], Mesh['regions'][0]];
    regions = [await WatchedRegion.open(a, b), await WatchedRegion.open(b, a)];
    await regions[0]!.documents.define('shop', definitionOf({ kind: 'lww' }));
    for (let i = 0; i < documents; i++) await regions[0]!.documents.write('shop', `d${i}`, { op: 'put', value: { price: i } });
    for (let i = 0; i < documents / 4; i++) await regions[0]!.documents.write('shop', `gone${i}`, { op: 'put', value: { price: i } });
    for (let i = 0; i < documents / 4; i++) await regions[0]!.documents.write('shop', `gone${i}`, { op: 'delete' });
    for (const region of regions)
      for (let stamp = 1; stamp <= stampCount; stamp++)
        for (let i = 0; i < (stamp <= 3 ? tenantsAStamp : 2); i++) await region.place(tenantOf(region, stamp, i), stamp);
    await settled();
  });
  afterAll(async () => {
    process.stdout.write(`${tableOf(tally, seed)}\n`);
    await Promise.all((regions ?? []).map(async (region) => region.close()));
    await mesh?.close();
  });

  const tenantOf = ({ name }: WatchedRegion, stamp: number, i: number): string => `${name}-s${stamp}-${i}`;
  const digests = async (): Promise<string[]> =>
    Promise.all(
      regions.map(async (r) =>
        JSON.stringify([
          await r.sql(`SELECT count(*), md5(string_agg(id || digest, ',' ORDER BY id)) FROM document WHERE collection = 'shop'`),
          await Promise.all(regions.map(async ({ name }) => [...(await fleetSums(r.at.dataSource, name))])),
        ]),
      ),
    );
  /** Both hold the same documents, tenants and stamps, and routers and agents what they must. */
  const settled = async (): Promise<void> => {
    await waitFor('both regions to hold the same', async () => (new Set(await digests()).size === 1 ? true : undefined), {
      timeoutMs: 60_000,
    });
    for (const region of regions) {
      await region.published();
      await region.refresh();
      await region.published();
    }
  };
  const look = async (): Promise<FindingView[]> => {
    const all: FindingView[] = [];
    for (const region of regions) {
      const { findings, sensors } = await region.look();
      all.push(...findings);
      tally.looks += sensors.reduce((sum, s) => sum + s.looked, 0);
      expect(sensors.filter((s) => s.canary !== 'found').map((s) => s.kind)).toEqual([]);
    }
    return all;
  };
  const names = (findings: readonly FindingView[]): string[] => findings.map((f) => nameOf(f.region, f.kind, f.subject, f.path));

  /** Each spot once a round, chosen by the seed. */
  const spotsFor = (): ((inRegion: WatchedRegion) => Spots) => {
    const used = new Set<string>();
    const fresh = (make: () => string): string => {
      for (;;) {
        const spot = make();
        if (!used.has(spot)) return (used.add(spot), spot);
      }
    };
    return (at) => ({
      in: at,
      other: regions.find((r) => r !== at)!,
      random,
      document: () => fresh(() => `d${random.below(documents)}`),
      tombstone: () => fresh(() => `gone${random.below(documents / 4)}`),
      tenant: (stamp) => fresh(() => tenantOf(at, stamp, random.below(tenantsAStamp))),
      stamp: () => fresh(() => `${at.name}-${4 + random.below(stampCount - 3)}`),
      next: () => (counter += 1),
    });
  };

  const injectRound = async (): Promise<Injected[]> => {
    const spots = spotsFor();
    const done: Injected[] = [];
    const inject = async (injection: Injection, i: number): Promise<void> => void done.push(await injection(spots(regions[i % 2]!)));
    for (const [name, injection] of Object.entries(injections))
      for (let i = 0; i < (copies[name] ?? (ofAStamp.has(name) ? few : many)); i++) await inject(injection, i);
    for (const injection of Object.values(onceARound)) await inject(injection, random.below(2));
    return done;
  };

  it('an untouched fleet has no finding while people write, and every sensor finds what is planted', async () => {
    const stop = writeOn(regions, random);
    for (let i = 0; i < untouchedLooks; i++) {
      const found = names(await look());
      tally.untouched(found);
      expect(found).toEqual([]);
    }
    tally.written += await stop();
    await settled();
  });

  it(`all of at least ${wanted} injected drifts are found with kind, subject and path, and nothing else, while people write`, async () => {
    while (tally.injected < wanted) {
      const stop = writeOn(regions, random);
      const round = await injectRound();
      const found = names(await look());
      tally.round(round, found);
      tally.written += await stop();
      for (const injected of round) await injected.mend();
      await settled();
      expect(names(await look())).toEqual([]);
    }
    expect({ missed: tally.missed, falseAlarms: tally.falseAlarms }).toEqual({ missed: [], falseAlarms: [] });
    // A tally that takes everything for found would be no proof: what was not injected is missed.
    const other = new Tally();
    other.round([{ what: 'nothing', expected: ['x'], implied: [], mend: () => Promise.resolve() }], ['y']);
    expect([other.missed, other.falseAlarms]).toEqual([['nothing: x'], ['y']]);
  });
});
