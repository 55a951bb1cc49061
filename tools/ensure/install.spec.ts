import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installMatchesLock, npmCi } from './install.mjs';

const lock = {
  packages: {
    '': { name: 'x' },
    'libs/a': { version: '0.1.0' },
    'node_modules/@x/a': { resolved: 'libs/a', link: true },
    'node_modules/p': { version: '1.0.0' },
    'node_modules/p/node_modules/q': { version: '2.0.0' },
    'node_modules/only-on-arm': { version: '1.0.0', optional: true },
  },
};
const installed = (packages: Record<string, { version: string }>) => ({ packages });
const complete = { 'node_modules/p': { version: '1.0.0' }, 'node_modules/p/node_modules/q': { version: '2.0.0' } };

describe('whether node_modules is what the lock file asks for', () => {
  test('a complete install is taken as it is; optional packages of other platforms may be absent', () => {
    expect(installMatchesLock(lock, installed(complete))).toBe(true);
  });

  test('a missing or other version, also of a nested package, asks for a new install', () => {
    expect(installMatchesLock(lock, installed({ 'node_modules/p': { version: '1.0.0' } }))).toBe(false);
    expect(installMatchesLock(lock, installed({ ...complete, 'node_modules/p/node_modules/q': { version: '2.0.1' } }))).toBe(false);
  });

  test('a new workspace asks for a new install', () => {
    expect(installMatchesLock(lock, installed(complete), () => false)).toBe(false);
  });
});

describe('npm ci', () => {
  let dir: string;
  const before = process.env.npm_execpath;
  const stand = (program: string): void => {
    process.env.npm_execpath = path.join(dir, 'npm.cjs');
    writeFileSync(process.env.npm_execpath, program);
  };
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'lapidary-npm-'));
  });
  afterEach(() => {
    if (before === undefined) delete process.env.npm_execpath;
    else process.env.npm_execpath = before;
    rmSync(dir, { recursive: true, force: true });
  });

  test('says that it is under way for as long as it is', async () => {
    // Ends once it was told of.
    stand(`const { existsSync } = require('node:fs'); setInterval(() => existsSync('told') && process.exit(0), 10);`);
    const lines: string[] = [];
    const report = (line: string): void => {
      lines.push(line);
      if (lines.length === 2) writeFileSync(path.join(dir, 'told'), '');
    };
    await npmCi(dir, report, 10);
    expect(lines[0]).toMatch(/npm ci is under way for \d+ s/);
  });

  test('ends with what it ended with', async () => {
    stand('process.exit(3);');
    await expect(npmCi(dir, () => undefined)).rejects.toThrow('npm ci ended with 3');
  });
});
