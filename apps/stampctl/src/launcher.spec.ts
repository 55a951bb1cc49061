import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyFolder, type Ran } from './test/run-stampctl.js';

const source = resolve(dirname(fileURLToPath(import.meta.url)), '../bin/stampctl.js');

/** Only there on machines whose own Node is older than the one that npm brought: then the launcher must bridge the two. */
const oldNode = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => existsSync(path));

/** A folder laid out as the checkout is, with the launcher and a program that only says how it was called. */
const layOut = (program: string | null): string => {
  const root = emptyFolder();
  const folder = join(root, 'apps/stampctl');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
  symlinkSync(process.execPath, join(root, 'node_modules/.bin/node'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  cpSync(source, join(folder, 'bin/stampctl.js'));
  if (program !== null) {
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist/main.js'), program);
  }
  return join(folder, 'bin/stampctl.js');
};

const start = async (node: string, argv: readonly string[], onOut?: (kill: (signal: NodeJS.Signals) => void) => void): Promise<Ran> => {
  const child = spawn(node, [...argv], { env: { ...process.env, NODE_OPTIONS: '' } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    onOut?.((signal) => child.kill(signal));
  });
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const exit = await new Promise<number>((done) => child.on('close', (code) => done(code ?? -1)));
  return { exit, out, err };
};

const echo =
  'export const main = async (host) => { host.stdout.write(JSON.stringify([host.versions.node, ...host.argv.slice(2)])); host.exitCode = 5; };';

test('arguments and exit code pass through, with the running Node where it is new enough', async () => {
  const ran = await start(process.execPath, [layOut(echo), 'stamps', 'a b', '--', '$x']);
  expect(ran).toMatchObject({ exit: 5, err: '' });
  expect(JSON.parse(ran.out)).toEqual([process.versions.node, 'stamps', 'a b', '--', '$x']);
});

test('what is not built yet says how to build it', async () => {
  expect(await start(process.execPath, [layOut(null), 'stamps', 'ls'])).toMatchObject({
    exit: 2,
    out: '',
    err: expect.stringContaining('npm start') as string,
  });
});

(oldNode === undefined ? test.skip : test)(
  'an older Node hands over to the one in node_modules, exit code and signals included',
  async () => {
    const ran = await start(oldNode!, [layOut(echo), 'x']);
    expect(ran.exit).toBe(5);
    expect(JSON.parse(ran.out)).toEqual([process.versions.node, 'x']);
    const waiting =
      "export const main = async (host) => { setInterval(() => {}, 1000); host.on('SIGTERM', () => host.exit(9)); host.stdout.write('up'); };";
    expect((await start(oldNode!, [layOut(waiting)], (kill) => kill('SIGTERM'))).exit).toBe(9);
  },
);
