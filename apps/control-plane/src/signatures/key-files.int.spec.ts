import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { newRegionKey, RegionKeys } from '@lapidary/messaging/region-keys';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { createLogger } from '@lapidary/telemetry/logger';
import type { TestRegion } from '../outbox/testing/test-region.js';
import { Readiness } from '../process/readiness.js';
import { openMesh, type Mesh } from '../replication/testing/mesh.js';
import { tellBothWays } from '../replication/testing/both-ways.js';
import { FleetKeys, ownKeysFile, peerKeysFile } from './fleet-keys.fixture.js';
import { KeyFiles } from './key-files.js';
import type { PeerSeals } from './peer-seals.js';

const timeoutMs = 60_000;
const everyMs = 20;

interface Watching {
  readonly seals: PeerSeals;
  readonly files: KeyFiles;
  readonly readiness: Readiness;
  readonly figures: () => Promise<Record<string, number>>;
}

let folder = '';
let fleet: FleetKeys;
const open: KeyFiles[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lapidary-key-files-'));
  fleet = new FleetKeys();
});
afterEach(async () => {
  for (const files of open.splice(0)) files.beforeApplicationShutdown();
  await rm(folder, { recursive: true });
});

/** Whole from one moment to the next, as secret stores put files. */
const put = async (file: string, text: string): Promise<void> => {
  await writeFile(`${file}.next`, text);
  await rename(`${file}.next`, file);
};
const giveOwn = async (region: string): Promise<void> => put(ownKeysFile(folder, region), JSON.stringify(fleet.ownSet(region)));
const givePeers = async (region: string, of: readonly string[]): Promise<void> =>
  put(peerKeysFile(folder, region), JSON.stringify(fleet.toldSets(of)));

/** A region's process, with files of its own. */
const watching = async (region: string, peers: readonly string[]): Promise<Watching> => {
  await giveOwn(region);
  await givePeers(region, [region, ...peers]);
  const seals = fleet.seals(region, peers, { folder });
  const readiness = new Readiness();
  const { registry } = createMetrics({}, { processMetrics: false });
  const files = new KeyFiles(seals, readiness, createLogger('test', 'silent'), { registry });
  open.push(files);
  await files.onApplicationBootstrap(everyMs);
  const figures = async (): Promise<Record<string, number>> => {
    const all = await registry.getMetricsAsJSON();
    return Object.fromEntries(
      all.flatMap(({ name, values }) =>
        values.map((v) => [`${name.replace('lapidary_region_key', '')} ${Object.values(v.labels).join(' ')}`, Number(v.value)]),
      ),
    );
  };
  return { seals, files, readiness, figures };
};

const taken = async ({ seals }: Watching, what: (keys: PeerSeals['keys']) => boolean): Promise<void> => {
  await waitFor('the keys to be taken', () => what(seals.keys) || undefined, { timeoutMs, intervalMs: 5 });
};
const refusedFor = async ({ files }: Watching, why: string): Promise<void> => {
  await waitFor(`a refusal for ${why}`, () => files.refused.some(({ because }) => because.includes(why)) || undefined, {
    timeoutMs,
    intervalMs: 5,
  });
};

const withMesh = async (work: (mesh: Mesh, regions: readonly [TestRegion, TestRegion]) => Promise<void>): Promise<void> => {
  const mesh = await openMesh(2);
  try {
    await work(mesh, mesh.regions as [TestRegion, TestRegion]);
  } finally {
    await mesh.close();
  }
};

it('a key is changed while regions run: told everywhere, then signing, then the one before withdrawn, and nothing is refused', async () => {
  await withMesh(async (mesh, regions) => {
    const [eu, us] = regions;
    const [atEu, atUs] = [await watching(eu.name, [us.name]), await watching(us.name, [eu.name])];
    await mesh.rekey(eu, atEu.seals);
    await mesh.rekey(us, atUs.seals);
    await tellBothWays(...regions);
    for (const { seals } of [atEu, atUs]) seals.take();
    const keys = fleet.of(eu.name);
    const [before, next] = [keys[0]!, fleet.another()];
    keys.push(next);
    await giveOwn(eu.name);
    await givePeers(eu.name, [eu.name, us.name]);
    await givePeers(us.name, [eu.name, us.name]);
    for (const at of [atEu, atUs]) await taken(at, (now) => now.idsOf(eu.name).length === 2);
    await tellBothWays(...regions);
    keys.splice(0, 2, next, before);
    await giveOwn(eu.name);
    await taken(atEu, ({ signsWith }) => signsWith === next.own.kid);
    await tellBothWays(...regions);
    keys.pop();
    await givePeers(us.name, [eu.name, us.name]);
    await givePeers(eu.name, [eu.name, us.name]);
    await giveOwn(eu.name);
    for (const at of [atEu, atUs]) await taken(at, (now) => now.idsOf(eu.name).join() === next.own.kid);
    await tellBothWays(...regions);
    expect([atEu.seals.take(), atUs.seals.take(), atEu.files.refused, atUs.files.refused]).toEqual([[], [], [], []]);
    // What the one before says from now on is nobody's.
    const thief = new RegionKeys(eu.name, { keys: [before.own] });
    expect(atUs.seals.keys.faultOf(eu.name, ['x'], 'y', atEu.seals.keys.sign(['x'], 'y'))).toBe(null);
    expect(atUs.seals.keys.faultOf(eu.name, ['x'], 'y', thief.sign(['x'], 'y'))).toBe('unknown_key');
  });
});

describe('keys that can’t be used', () => {
  it.each<[string, 'own' | 'peers', string, (text: string) => string]>([
    ['half a file', 'own', 'is not JSON', (text) => text.slice(0, 40)],
    ['half a file', 'peers', 'is not JSON', (text) => text.slice(0, 40)],
    ['nothing', 'own', 'is not JSON', () => ''],
    ['no keys', 'own', 'keys', () => '{"keys":[]}'],
    ['public keys where the private one belongs', 'own', 'no private part', (text) => text.replace(/,"d":"[^"]+"/, '')],
    ['a private key where public ones belong', 'peers', 'no place here', (text) => text.replace('"x":', `"d":"${'A'.repeat(43)}","x":`)],
    ['a private part of another key', 'own', 'belongs to another', (text) => text.replace(/"d":"[^"]+"/, `"d":"${'B'.repeat(43)}"`)],
    ['no key of a region that is believed by one', 'peers', 'would be believed unsigned', () => '{}'],
  ])('%s (%s): those before hold, and it is said until it is mended', async (_, which, why, spoil) => {
    const at = await watching('eu', ['us']);
    const file = which === 'own' ? ownKeysFile(folder, 'eu') : peerKeysFile(folder, 'eu');
    const label = which === 'own' ? 'signing' : 'peers';
    const before = [at.seals.keys.signsWith, at.seals.keys.idsOf('us')];
    const good = await readFile(file, 'utf8');
    await put(file, spoil(good));
    await refusedFor(at, why);
    expect([at.seals.keys.signsWith, at.seals.keys.idsOf('us')]).toEqual(before);
    expect((await at.readiness.impaired()).join()).toContain('are not in force since');
    // It is looked at again and again, and counted once.
    await waitFor('the figures', async () => (await at.figures())[`_file_refused ${label}`] === 1 || undefined, { timeoutMs });
    expect(await at.figures()).toMatchObject({ [`_reloads_total ${label} refused`]: 1, [`_reloads_total ${label} taken`]: 0 });
    expect(JSON.stringify([at.files.refused, await at.readiness.impaired()])).not.toContain(fleet.of('eu')[0]!.own.d);
    await put(file, good);
    await waitFor('it to be taken', () => at.files.refused.length === 0 || undefined, { timeoutMs });
    await waitFor('the figures', async () => (await at.figures())[`_file_refused ${label}`] === 0 || undefined, { timeoutMs });
    expect(await at.readiness.impaired()).toEqual([]);
  });

  it('a file that is gone: the keys stay, and it is said', async () => {
    const at = await watching('eu', ['us']);
    await rm(ownKeysFile(folder, 'eu'));
    await refusedFor(at, 'ENOENT');
    expect(at.seals.keys.isSigning).toBe(true);
    await giveOwn('eu');
    await waitFor('it to be taken', () => at.files.refused.length === 0 || undefined, { timeoutMs });
  });

  it.each([
    ['a key', (): void => void fleet.of('eu').unshift(fleet.another())],
    ['another key under the same id', (): void => void fleet.of('eu').splice(0, 1, newRegionKey(fleet.of('eu')[0]!.own.kid))],
  ])('%s that the others are not told of does not sign, until they are', async (_, change) => {
    const at = await watching('eu', ['us']);
    const before = at.seals.keys.signsWith;
    const signed = at.seals.keys.sign(['x'], 'y');
    change();
    await giveOwn('eu');
    await refusedFor(at, 'give that to all regions first');
    expect([at.seals.keys.signsWith, at.seals.keys.sign(['x'], 'y')]).toEqual([before, signed]);
    await givePeers('eu', ['eu', 'us']);
    await taken(at, (keys) => keys.signsWith === fleet.of('eu')[0]!.own.kid && keys.sign(['x'], 'y') !== signed);
    expect(at.files.refused).toEqual([]);
  });
});
