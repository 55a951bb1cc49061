import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  ProcessStatusSchema,
  processSpecFile,
  processStatusFile,
  type ProcessSpec,
  type ProcessStatus,
} from '@lapidary/contracts/process-spec';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freePort } from './free-port.js';
import { identify, stillRuns } from '@lapidary/kernel/process-identity';
import { ProcessFolder } from './process-folder.js';
import { specLaunch } from './spec-launch.js';

const timeoutMs = 60_000;
/** Answers 200; ends with code 3 on /crash; with STUBBORN it ignores the request to end. */
const script = `
  import { createServer } from 'node:http';
  if (process.env.STUBBORN) process.on('SIGTERM', () => undefined);
  if (process.env.BROKEN) process.exit(9);
  createServer((req, res) => {
    if (req.url === '/crash') process.exit(3);
    res.end(process.env.GREETING);
  }).listen(Number(process.env.PORT), '127.0.0.1');
`;

let root: string;
let dir: string;
let folder: ProcessFolder;
let reports: string[];

const spec = (name: string, port: number, env: Record<string, string> = {}): ProcessSpec => ({
  name,
  script: 'script.mjs',
  args: [],
  env: { PORT: String(port), GREETING: 'hello', ...env },
  readyUrl: `http://127.0.0.1:${port}/`,
});
const put = (wanted: ProcessSpec, file = processSpecFile(wanted.name)): void => {
  writeFileSync(path.join(dir, `${file}.tmp`), JSON.stringify(wanted), { mode: 0o600 });
  renameSync(path.join(dir, `${file}.tmp`), path.join(dir, file));
};
const remove = (name: string): void => rmSync(path.join(dir, processSpecFile(name)));
const status = (name: string): ProcessStatus | undefined => {
  try {
    return ProcessStatusSchema.parse(JSON.parse(readFileSync(path.join(dir, processStatusFile(name)), 'utf8')));
  } catch {
    return undefined;
  }
};
const reached = (name: string, holds: (s: ProcessStatus) => boolean): Promise<ProcessStatus> =>
  waitFor(`${name} to get there`, () => [status(name)].find((s) => s !== undefined && holds(s)), { timeoutMs, intervalMs: 10 });
const ready = (wanted: ProcessSpec): Promise<ProcessStatus> =>
  reached(wanted.name, (s) => s.state === 'ready' && s.digest === digestOf(wanted));
const answer = async (port: number, target = '/'): Promise<string> => (await fetch(`http://127.0.0.1:${port}${target}`)).text();

const newFolder = (): ProcessFolder =>
  new ProcessFolder({
    dir,
    launchOf: (s) => specLaunch(s, { root, node: process.execPath, env: { PATH: process.env['PATH']! } }),
    optionsOf: (name) => ({
      logFile: path.join(root, `${name}.log`),
      pidDir: path.join(root, 'pids'),
      pace: { backOffFirstMs: 30, backOffMaxMs: 200, stableMs: 60_000 },
    }),
    report: (line) => reports.push(line),
    stopGraceMs: 1000,
  });

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'lapidary-folder-'));
  dir = path.join(root, 'processes');
  reports = [];
  writeFileSync(path.join(root, 'script.mjs'), script);
  folder = newFolder();
  await folder.open();
});
afterEach(async () => {
  await folder.close(500);
  rmSync(root, { recursive: true, force: true });
});

describe('process folder', () => {
  test('a new file starts a process, a changed one replaces it, a removed one ends it together with its status', async () => {
    const first = spec('shop', await freePort());
    put(first);
    const before = await ready(first);
    const second = spec('shop', await freePort(), { GREETING: 'changed' });
    put(second);
    const after = await ready(second);
    expect(after.pid).not.toBe(before.pid);
    expect(stillRuns(identify(before.pid!))).toBe(false);
    expect(await answer(Number(second.env['PORT']))).toBe('changed');
    remove('shop');
    await waitFor('the process to end', () => !stillRuns(identify(after.pid!)) || undefined, { timeoutMs });
    await waitFor('the status to go', () => !existsSync(path.join(dir, processStatusFile('shop'))) || undefined, { timeoutMs });
  });

  test('a process that crashes is started again with growing pauses, and the status says how it ended', async () => {
    const wanted = spec('shop', await freePort());
    put(wanted);
    await ready(wanted);
    for (let crash = 1; crash <= 3; crash++) {
      await answer(Number(wanted.env['PORT']), '/crash').catch(() => undefined);
      expect(await reached('shop', (s) => s.state === 'ready' && s.restarts === crash)).toMatchObject({ lastExit: 'exit code 3' });
    }
  });

  test('whose a port is can be told before the process that listens there is ready', async () => {
    const port = await freePort();
    const wanted = { ...spec('slow', port), readyUrl: `http://127.0.0.1:${await freePort()}/` };
    put(wanted);
    await waitFor('it to listen', () => answer(port).catch(() => undefined), { timeoutMs });
    const { pid } = await reached('slow', (s) => s.pid !== null);
    expect(stillRuns(identify(pid!))).toBe(true);
    expect(status('slow')).toMatchObject({ state: 'starting' });
  });

  test('kill -9 is seen and mended', async () => {
    const wanted = spec('shop', await freePort());
    put(wanted);
    const { pid } = await ready(wanted);
    process.kill(pid!, 'SIGKILL');
    const again = await reached('shop', (s) => s.state === 'ready' && s.restarts === 1);
    expect(again.pid).not.toBe(pid);
    expect(again.lastExit).toBe('SIGKILL');
  });

  test('one that can never start does not disturb the others, and a corrected file brings it up', async () => {
    const broken = spec('broken', await freePort(), { BROKEN: '1' });
    const good = spec('good', await freePort());
    put(broken);
    put(good);
    await ready(good);
    await reached('broken', (s) => s.restarts >= 3 && s.lastExit === 'exit code 9');
    const corrected = spec('broken', Number(broken.env['PORT']));
    put(corrected);
    await ready(corrected);
    expect(status('good')?.restarts).toBe(0);
  });

  test('one that will not end is killed after its grace', async () => {
    const wanted = spec('shop', await freePort(), { STUBBORN: '1' });
    put(wanted);
    const { pid } = await ready(wanted);
    remove('shop');
    await waitFor('the stubborn process to end', () => !stillRuns(identify(pid!)) || undefined, { timeoutMs });
  });

  test('rubbish, a wrong name and a script outside of the installation are reported once and run nothing; what runs goes on', async () => {
    const good = spec('good', await freePort());
    put(good);
    const { pid } = await ready(good);
    writeFileSync(path.join(dir, 'half.process.json'), '{"name": "ha');
    put({ ...spec('outside', await freePort()), script: '../../etc/passwd' });
    put(spec('other', await freePort()), 'misnamed.process.json');
    writeFileSync(path.join(dir, 'good.process.json'), 'not json any more');
    const mentioned = (part: string): string[] => reports.filter((line) => line.includes(part));
    await waitFor(
      'all four complaints',
      () => ['half', 'outside', 'misnamed', 'good'].every((part) => mentioned(part).length > 0) || undefined,
      { timeoutMs },
    );
    put(good);
    expect(await ready(good)).toMatchObject({ pid, restarts: 0 });
    for (const part of ['half', 'outside', 'misnamed']) expect(mentioned(part)).toHaveLength(1);
  });

  test('many changes in a row end with what the last one asked for', async () => {
    const ports = [await freePort(), await freePort()];
    for (let i = 0; i < 20; i++) {
      if (i % 3 === 2) remove('shop');
      else put(spec('shop', ports[i % 2]!, { GREETING: String(i) }));
      await new Promise(setImmediate);
    }
    const last = spec('shop', ports[0]!, { GREETING: 'last' });
    put(last);
    await ready(last);
    expect(await answer(ports[0]!)).toBe('last');
    expect(folder.snapshots).toHaveLength(1);
  });

  test('after close nothing runs, the files are kept, and a new supervisor starts the same again', async () => {
    const wanted = spec('shop', await freePort());
    put(wanted);
    const { pid } = await ready(wanted);
    await folder.close(1000);
    expect(stillRuns(identify(pid!))).toBe(false);
    expect(existsSync(path.join(dir, processStatusFile('shop')))).toBe(false);
    folder = newFolder();
    await folder.open();
    await ready(wanted);
  });
});
