import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { RegionsFileSchema } from '@lapidary/contracts/stamp-spec';
import { parse } from 'yaml';

const regionsOf = (root: string) => RegionsFileSchema.parse(parse(readFileSync(path.join(root, 'stamps/regions.yaml'), 'utf8'))).regions;

/** Jurisdiction by region, as stamps/regions.yaml has it. */
export const jurisdictionsOf = (root: string): Record<string, string> =>
  Object.fromEntries(Object.entries(regionsOf(root)).map(([region, { jurisdiction }]) => [region, jurisdiction]));

/** The regions to run: those of stamps/regions.yaml, or the chosen ones among them. */
export const regionsToRun = (root: string, chosen: readonly string[] | null): string[] => {
  const known = Object.keys(regionsOf(root));
  if (chosen === null) return known;
  const unknown = chosen.filter((name) => !known.includes(name));
  if (chosen.length === 0 || unknown.length > 0)
    throw new Error(`--regions: ${unknown.join(', ') || 'none given'}; stamps/regions.yaml has: ${known.join(', ')}`);
  return [...new Set(chosen)];
};

/** Every region's first stamp, where there is a spec for it. */
export const firstStamps = (root: string, regions: readonly string[]): { region: string; stamp: string }[] =>
  regions.map((region) => ({ region, stamp: `${region}-1` })).filter(({ stamp }) => existsSync(path.join(root, `stamps/${stamp}.yaml`)));
