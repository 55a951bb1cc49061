import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { RunFileSchema, type RunFile } from '@lapidary/contracts/run-file';

export interface FoundRunFile {
  readonly path: string;
  /** The checkout: relative paths in the file start here. */
  readonly rootDir: string;
  readonly run: RunFile;
}

/** The region that people meet first; the one that is asked where none is named. */
const regionDefault = 'eu';

/** The nearest .lapidary/run.json from `cwd` upwards: a running `npm start`. A broken file counts as none. */
export const findRunFile = (cwd: string): FoundRunFile | null => {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const path = join(folder, '.lapidary', 'run.json');
    const run = readRunFile(path);
    if (run) return { path, rootDir: folder, run };
    if (dirname(folder) === folder) return null;
  }
};

/** The region's API and token, or null where the file has no such region. */
export const endpointOf = (
  found: FoundRunFile,
  region: string | undefined,
): { region: string; server: string; token: string | null } | null => {
  const names = Object.keys(found.run.regions);
  const name = region ?? (names.includes(regionDefault) ? regionDefault : names[0]);
  const entry = name === undefined ? undefined : found.run.regions[name];
  if (name === undefined || entry === undefined) return null;
  return {
    region: name,
    server: entry.api,
    token: readToken(isAbsolute(found.run.tokenFile) ? found.run.tokenFile : join(found.rootDir, found.run.tokenFile)),
  };
};

export const readToken = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8').trim() || null;
  } catch {
    return null;
  }
};

const readRunFile = (path: string): RunFile | null => {
  try {
    return RunFileSchema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data ?? null;
  } catch {
    return null;
  }
};
