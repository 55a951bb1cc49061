import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where an installation has no package files (a bare image), clients learn at least that. */
const unknown = 'unknown';

const versionIn = (path: string): string => {
  try {
    const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? version : unknown;
  } catch {
    return unknown;
  }
};

/** The product's version, and that of the template that it ships. */
export const readVersion = (rootDir: string): { version: string; templateVersion: string } => ({
  version: versionIn(join(rootDir, 'package.json')),
  templateVersion: versionIn(join(rootDir, 'infra/package.json')),
});
