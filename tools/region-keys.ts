import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OwnRegionKeysSchema, PeerKeysSchema, signingKeysMax, type RegionKeySet } from '@lapidary/contracts/signing-keys';
import { newRegionKey } from '@lapidary/messaging/region-keys';

/** Where a region's own keys are, and the public ones of all. */
export const ownKeysFile = (folder: string, region: string): string => path.join(folder, `${region}.keys.json`);
export const peerKeysFile = (folder: string): string => path.join(folder, 'peer-keys.json');

const readJson = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};
const write = (file: string, value: unknown, mode: number): void => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`, { mode });

const ownKeysOf = (folder: string, region: string): RegionKeySet['keys'] => {
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

/** Puts another key in front of a region's own; the ones before stay behind it, as many as a file may hold. */
export const addRegionKey = (folder: string, region: string, now = new Date()): void => {
  mkdirSync(folder, { recursive: true });
  const before = ownKeysOf(folder, region);
  const { own } = newRegionKey(idFor(region, before, now));
  const keys = [own, ...before].slice(0, signingKeysMax);
  write(ownKeysFile(folder, region), { keys }, 0o600);
  const told = PeerKeysSchema.parse(readJson(peerKeysFile(folder)) ?? {});
  write(peerKeysFile(folder), { ...told, [region]: { keys: keys.map(({ d: _, ...key }) => key) } }, 0o644);
};

/** For fleets of one machine: each has a key, and those that it had stay. */
export const ensureRegionKeys = (folder: string, regions: readonly string[]): void => {
  for (const region of regions) if (ownKeysOf(folder, region).length === 0) addRegionKey(folder, region);
};

if (import.meta.main) {
  const [folder, ...regions] = process.argv.slice(2);
  if (folder === undefined || regions.length === 0 || regions.some((region) => !/^[a-z][a-z0-9-]*$/.test(region))) {
    process.stderr.write('npm run -s region:keys -- <folder> <region>…\n');
    process.exitCode = 2;
  } else {
    for (const region of regions) addRegionKey(folder, region);
    process.stdout.write(`${regions.map((region) => ownKeysFile(folder, region)).join('\n')}\n${peerKeysFile(folder)}\n`);
  }
}
