import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { findOnPath } from './find-on-path.js';
import { freePort } from './free-port.js';
import { endOrphans, readPidRecords, recordPid } from './orphans.js';
import { identify, stillRuns } from '@lapidary/kernel/process-identity';
import { claimInstance, holderOf, releaseInstance } from './single-instance.js';

const root = path.resolve(import.meta.dirname, '../..');
const timeoutMs = 60_000;
let dir: string;
const spawned: ChildProcess[] = [];

/** A supervisor of one process, run with the compiled code as `npm start` runs it. */
const supervisor = (port: number): string => `
  import { ManagedProcess } from ${JSON.stringify(path.join(root, 'tools/dist/local/managed-process.js'))};
  const launch = {
    name: 'child', file: process.execPath, args: ['child.mjs'], cwd: ${JSON.stringify(dir)}, env: { PORT: '${port}' },
    ready: { kind: 'http', url: 'http://127.0.0.1:${port}/' }, stopSignal: 'SIGTERM',
  };
  new ManagedProcess(launch, { logFile: ${JSON.stringify(path.join(dir, 'child.log'))}, pidDir: ${JSON.stringify(path.join(dir, 'pids'))} }).start();
  setInterval(() => undefined, 1000);
`;

const startSupervisor = async (searchPath: string): Promise<{ supervisor: ChildProcess; pid: number }> => {
  const port = await freePort();
  writeFileSync(
    path.join(dir, 'child.mjs'),
    "import { createServer } from 'node:http'; createServer((q, r) => r.end()).listen(Number(process.env.PORT), '127.0.0.1');",
  );
  writeFileSync(path.join(dir, 'supervisor.mjs'), supervisor(port));
  const process_ = spawn(process.execPath, [path.join(dir, 'supervisor.mjs')], { env: { PATH: searchPath }, stdio: 'inherit' });
  spawned.push(process_);
  await waitFor('the child to answer', async () => ((await fetch(`http://127.0.0.1:${port}/`).catch(() => null))?.ok ? true : undefined), {
    timeoutMs,
  });
  const pid = readPidRecords(path.join(dir, 'pids'))[0]!.pid;
  return { supervisor: process_, pid };
};

const killHard = async (child: ChildProcess): Promise<void> => {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
};

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'lapidary-orphans-'));
});
afterEach(async () => {
  for (const child of spawned.splice(0)) if (child.exitCode === null && child.signalCode === null) await killHard(child);
  await endOrphans(path.join(dir, 'pids'));
  rmSync(dir, { recursive: true, force: true });
});

describe('after kill -9 of the supervisor', () => {
  (findOnPath('setpriv') && process.platform === 'linux' ? test : test.skip)(
    'the kernel ends the children, where it offers that',
    async () => {
      const { supervisor: parent, pid } = await startSupervisor(process.env['PATH']!);
      await killHard(parent);
      await waitFor('the child to end', () => !stillRuns(identify(pid)) || undefined, { timeoutMs });
    },
  );

  test('elsewhere the next start finds and ends them, whether they listen to SIGTERM or not', async () => {
    const { supervisor: parent, pid } = await startSupervisor('/nonexistent');
    await killHard(parent);
    expect(stillRuns(identify(pid))).toBe(true);
    expect(await endOrphans(path.join(dir, 'pids'))).toEqual([`child (process ${pid})`]);
    expect(stillRuns(identify(pid))).toBe(false);
    expect(existsSync(path.join(dir, 'pids'))).toBe(false);
  });

  test('a process that has taken over the number of a dead child is left alone', async () => {
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
    spawned.push(bystander);
    const pidDir = path.join(dir, 'pids');
    recordPid(pidDir, 'child', bystander.pid!, 'SIGTERM');
    const file = path.join(pidDir, 'child.pid.json');
    const record = JSON.parse(readFileSync(file, 'utf8')) as { startTicks: number };
    writeFileSync(file, JSON.stringify({ ...record, startTicks: record.startTicks - 100 }));
    expect(await endOrphans(pidDir)).toEqual([]);
    expect(stillRuns(identify(bystander.pid!))).toBe(true);
  });
});

describe('one supervisor per folder', () => {
  test('the second learns who the first is; after a kill -9 the next one takes over', async () => {
    const file = path.join(dir, 'supervisor.json');
    const first = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
    spawned.push(first);
    writeFileSync(file, JSON.stringify(identify(first.pid!)));
    expect(claimInstance(file)).toMatchObject({ pid: first.pid });
    await killHard(first);
    expect(claimInstance(file)).toBeNull();
    expect(holderOf(file)).toMatchObject({ pid: process.pid });
    releaseInstance(file);
    expect(holderOf(file)).toBeNull();
  });

  test('of many that start at once over a dead one, exactly one gets it', async () => {
    const file = path.join(dir, 'supervisor.json');
    writeFileSync(file, JSON.stringify({ pid: 2 ** 22 + 1, startTicks: 1 }));
    const program = `
      import { claimInstance } from ${JSON.stringify(path.join(root, 'tools/dist/local/single-instance.js'))};
      process.stdout.write(claimInstance(${JSON.stringify(file)}) === null ? 'mine' : 'taken');
      process.stdin.once('end', () => process.exit()).resume();
    `;
    writeFileSync(path.join(dir, 'claim.mjs'), program);
    const claims = Array.from({ length: 8 }, () => {
      const child = spawn(process.execPath, [path.join(dir, 'claim.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
      spawned.push(child);
      return child;
    });
    const answers = await Promise.all(claims.map(async (child) => String(((await once(child.stdout!, 'data')) as [Buffer])[0])));
    expect(answers.filter((answer) => answer === 'mine')).toHaveLength(1);
  });
});
