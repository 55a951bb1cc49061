import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** ensure.mjs on a checkout of two small workspaces; packages are those of this checkout, so that nothing is downloaded. */
const root = path.resolve(import.meta.dirname, '../..');
const systemNode = process.execPath;
let dir: string;

const write = (file: string, text: string): void => {
  mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
  writeFileSync(path.join(dir, file), text);
};
const there = (file: string): boolean => existsSync(path.join(dir, file));

const run = async (): Promise<{ code: number; lines: string[]; ms: number }> => {
  const started = Date.now();
  const child = spawn(systemNode, ['tools/ensure.mjs'], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, lines: output.split('\n').filter(Boolean), ms: Date.now() - started };
};

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'lapidary-ensure-'));
  cpSync(path.join(root, 'tools/ensure'), path.join(dir, 'tools/ensure'), { recursive: true, filter: (source) => !source.endsWith('.ts') });
  cpSync(path.join(root, 'tools/ensure.mjs'), path.join(dir, 'tools/ensure.mjs'));
  cpSync(path.join(root, '.swcrc'), path.join(dir, '.swcrc'));
  write('package.json', JSON.stringify({ name: 'x', workspaces: ['libs/*'] }));
  write('package-lock.json', JSON.stringify({ packages: {} }));
  write('libs/a/package.json', JSON.stringify({ name: '@x/a' }));
  write('libs/a/src/one.ts', 'export const one: number = 1;\n');
  write('libs/a/src/deep/two.ts', 'export const two: number = 2;\n');
  write('libs/a/src/deep/two.spec.ts', "test('x', () => undefined);\n");
  write('libs/a/src/words.json', '{"a":1}');
  write('node_modules/.package-lock.json', JSON.stringify({ packages: {} }));
  mkdirSync(path.join(dir, 'node_modules/.bin'), { recursive: true });
  symlinkSync(systemNode, path.join(dir, 'node_modules/.bin/node'));
  mkdirSync(path.join(dir, 'node_modules/@swc'));
  for (const name of ['core', 'types', 'counter'])
    symlinkSync(path.join(root, 'node_modules/@swc', name), path.join(dir, 'node_modules/@swc', name));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('ensure.mjs', () => {
  test('builds what is there without tests, a second run says and does nothing', async () => {
    const first = await run();
    expect(first).toMatchObject({ code: 0 });
    expect(first.lines.some((line) => line.startsWith('build libs/a'))).toBe(true);
    expect(there('libs/a/dist/one.js') && there('libs/a/dist/deep/two.js') && there('libs/a/dist/words.json')).toBe(true);
    expect(there('libs/a/dist/deep/two.spec.js')).toBe(false);
    expect(await run()).toMatchObject({ code: 0, lines: [] });
  });

  test('only what changed is built again; content decides, not the time', async () => {
    await run();
    const later = new Date(Date.now() + 60_000);
    utimesSync(path.join(dir, 'libs/a/src/one.ts'), later, later);
    expect(await run()).toMatchObject({ lines: [] });
    write('libs/a/src/one.ts', 'export const one: number = 11;\n');
    expect((await run()).lines).toEqual(['build libs/a: 1 file']);
    expect(readFileSync(path.join(dir, 'libs/a/dist/one.js'), 'utf8')).toContain('11');
  });

  test('the output of a removed source goes, with its folder; a removed output comes back', async () => {
    await run();
    rmSync(path.join(dir, 'libs/a/src/deep'), { recursive: true });
    rmSync(path.join(dir, 'libs/a/dist/one.js'));
    expect(await run()).toMatchObject({ code: 0 });
    expect(there('libs/a/dist/deep')).toBe(false);
    expect(there('libs/a/dist/one.js')).toBe(true);
  });

  test('a syntax error is told with its file and exit code 1, and mended by the next run', async () => {
    write('libs/a/src/broken.ts', 'export const = ;\n');
    const failed = await run();
    expect(failed.code).toBe(1);
    expect(failed.lines.join('\n')).toContain('broken.ts');
    write('libs/a/src/broken.ts', 'export const fine = 1;\n');
    expect(await run()).toMatchObject({ code: 0 });
  });

  test("a workspace's command can be called by its name after the first run, and comes back when its link is lost", async () => {
    write('libs/a/package.json', JSON.stringify({ name: '@x/a', bin: { tool: './bin/tool.js' } }));
    write('libs/a/bin/tool.js', '#!/usr/bin/env node\n');
    await run();
    const link = path.join(dir, 'node_modules/.bin/tool');
    expect(statSync(link).mode & 0o111).not.toBe(0);
    rmSync(link);
    await run();
    expect(existsSync(link)).toBe(true);
  });

  test('two runs at once do not disturb each other, and a killed one leaves no lock behind', async () => {
    write('.lapidary/ensure.lock', '4194305');
    const results = await Promise.all([run(), run(), run()]);
    expect(results.map((r) => r.code)).toEqual([0, 0, 0]);
    expect(results.flatMap((r) => r.lines).filter((line) => line.startsWith('build libs/a'))).toHaveLength(1);
    expect(there('.lapidary/ensure.lock')).toBe(false);
    expect(await run()).toMatchObject({ lines: [] });
  });
});
