import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OwnRegionKeysSchema, PeerKeysSchema, signingKeysMax, type RegionKeySet } from '@lapidary/contracts/signing-keys';
import { newRegionKey } from '@lapidary/messaging/region-keys';

/** Where a region's own keys are, and the public ones of all. */
export const ownKeysFile = (folder: string, region: string): string => path.join(folder, `${region}.keys.json`);
export const peerKeysFile = (folder: string): string => path.join(folder, 'peer-keys.json');

type Keys = RegionKeySet['keys'];

const readJson = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};
/** Whoever reads it meanwhile has the one before or this one. */
const write = (file: string, value: unknown, mode: number): void => {
  const partial = `${file}.partial`;
  writeFileSync(partial, `${JSON.stringify(value, null, 2)}\n`, { mode });
  renameSync(partial, file);
};

const ownKeysOf = (folder: string, region: string): Keys => {
  const kept = readJson(ownKeysFile(folder, region));
  return kept === null ? [] : OwnRegionKeysSchema.parse(kept).keys;
};

/** Told by their age: the first of the day is `eu-20261127`, a second one `eu-20261127-2`. */
const idFor = (region: string, taken: readonly { readonly kid: string }[], now: Date): string => {
  const day = `${region}-${now.toISOString().slice(0, 10).replaceAll('-', '')}`;
  const free = [day, ...Array.from({ length: signingKeysMax }, (_, i) => `${day}-${i + 2}`)].find(
    (id) => !taken.some(({ kid }) => kid === id),
  );
  return free!;
};

/** What all are to know first, so that no key signs in a folder that processes read from before it is told in there. */
const writeKeys = (folder: string, region: string, keys: Keys): void => {
  const told = PeerKeysSchema.parse(readJson(peerKeysFile(folder)) ?? {});
  write(peerKeysFile(folder), { ...told, [region]: { keys: keys.map(({ d: _, ...key }) => key) } }, 0o644);
  write(ownKeysFile(folder, region), { keys }, 0o600);
};

/** Another key for a region, behind those that it has: it is known by it from then on, and signs as before. Throws where it has as many as may be. */
export const addRegionKey = (folder: string, region: string, now = new Date()): void => {
  mkdirSync(folder, { recursive: true });
  const before = ownKeysOf(folder, region);
  if (before.length === signingKeysMax)
    throw new Error(`${region} has ${signingKeysMax} keys, which is all there may be: withdraw some first`);
  const { own } = newRegionKey(idFor(region, before, now));
  writeKeys(folder, region, [...before, own]);
};

const someKeysOf = (folder: string, region: string): Keys => {
  const keys = ownKeysOf(folder, region);
  if (keys.length === 0) throw new Error(`${region} has no key in ${folder}: add one first`);
  return keys;
};

/** The newest signs from then on; the others are still known. */
export const signWithNewest = (folder: string, region: string): void => {
  const keys = someKeysOf(folder, region);
  writeKeys(folder, region, [...keys.slice(-1), ...keys.slice(0, -1)]);
};

/** All but the one that signs are known no more. */
export const withdrawOthers = (folder: string, region: string): void => writeKeys(folder, region, someKeysOf(folder, region).slice(0, 1));

const steps: Readonly<Record<string, (folder: string, region: string) => void>> = {
  add: addRegionKey,
  sign: signWithNewest,
  withdraw: withdrawOthers,
};

/** For fleets of one machine: each has a key, and those that it had stay. */
export const ensureRegionKeys = (folder: string, regions: readonly string[]): void => {
  for (const region of regions) if (ownKeysOf(folder, region).length === 0) addRegionKey(folder, region);
};

const usage = `npm run -s region:keys -- add|sign|withdraw <folder> <region>…
  add       another key of each region: it is known by it, and signs as before
  sign      with its newest key, once all regions have the file of public keys
  withdraw  all but the key that signs, once all regions have seen it sign
`;

if (import.meta.main) {
  const [name = '', folder, ...regions] = process.argv.slice(2);
  const step = Object.hasOwn(steps, name) ? steps[name] : undefined;
  if (!step || folder === undefined || regions.length === 0 || regions.some((region) => !/^[a-z][a-z0-9-]*$/.test(region))) {
    process.stderr.write(usage);
    process.exitCode = 2;
  } else {
    try {
      for (const region of regions) step(folder, region);
      process.stdout.write(`${regions.map((region) => ownKeysFile(folder, region)).join('\n')}\n${peerKeysFile(folder)}\n`);
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n`);
      process.exitCode = 1;
    }
  }
}
