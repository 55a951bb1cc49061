import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freePort } from './free-port.js';
import { launchProcess, type Launch } from './launch.js';
import { memoryFolder } from './memory-folder.js';
import { prepareNats } from './nats-server.js';
import { elsewhereFile } from './postgres-home.js';
import { preparePostgres } from './postgres.js';
import { identify, stillRuns, type ProcessIdentity } from '@lapidary/kernel/process-identity';
import { isReady } from './ready-probe.js';

/** One PostgreSQL and one NATS server for a run of the integration tests, in a folder that goes with them. */
export interface TestBackends {
  readonly postgresUrl: string;
  readonly natsUrl: string;
  stop(): Promise<void>;
}

const folderPattern = /^test-(\d+)$/;
const identitiesFile = 'processes.json';
/** First start on a busy machine with initdb: seconds. */
const readyTimeoutMs = 60_000;
const stopTimeoutMs = 5000;
/** Some ten databases at a time, of 10 MB each, and the log of what was written. */
const databasesBytes = 2 * 1024 ** 3;

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await ended;
  clearTimeout(timer);
};

/** Starts it and waits until it answers; the server's log is part of the error when it does not. */
const startReady = async (launch: Launch, logFile: string): Promise<ChildProcess> => {
  await launch.beforeStart?.();
  const child = launchProcess(launch, logFile);
  try {
    await waitFor(
      launch.name,
      async () => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${launch.name} ended at once`);
        return (await isReady(launch.ready)) || undefined;
      },
      { timeoutMs: readyTimeoutMs },
    );
    return child;
  } catch (error) {
    await end(child, 'SIGKILL');
    throw new Error(`${launch.name} did not start:\n${await readFile(logFile, 'utf8').catch(() => '')}`, { cause: error });
  }
};

/** Follows the pointer to a stand-in folder, where there is one. */
const removeFolder = async (dir: string): Promise<void> => {
  const elsewhere = (await readFile(path.join(dir, 'postgres', elsewhereFile), 'utf8').catch(() => '')).trim();
  if (elsewhere !== '') await rm(elsewhere, { recursive: true, force: true });
  await rm(dir, { recursive: true, force: true });
};

/** What earlier runs left that were killed: their servers are ended, their folders removed. */
const sweep = async (stateDir: string): Promise<void> => {
  for (const entry of await readdir(stateDir).catch(() => [])) {
    if (!folderPattern.test(entry)) continue;
    const dir = path.join(stateDir, entry);
    const text = await readFile(path.join(dir, identitiesFile), 'utf8').catch(() => null);
    if (text === null) continue;
    const { owner, servers } = JSON.parse(text) as { owner: ProcessIdentity; servers: ProcessIdentity[] };
    if (stillRuns(owner)) continue;
    for (const server of servers) if (stillRuns(server)) process.kill(server.pid, 'SIGKILL');
    await waitFor('left-over test servers to end', () => !servers.some(stillRuns) || undefined, { timeoutMs: stopTimeoutMs }).catch(
      () => undefined,
    );
    await removeFolder(dir);
  }
};

export const startTestBackends = async (root: string): Promise<TestBackends> => {
  const stateDir = path.join(root, '.lapidary');
  await sweep(stateDir);
  const dir = path.join(stateDir, `test-${process.pid}`);
  await removeFolder(dir);
  await mkdir(dir, { recursive: true });
  const children: { child: ChildProcess; signal: NodeJS.Signals }[] = [];
  const record = () =>
    writeFile(
      path.join(dir, identitiesFile),
      JSON.stringify({ owner: identify(process.pid), servers: children.map(({ child }) => identify(child.pid!)) }),
    );
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(({ child, signal }) => end(child, signal)));
    await removeFolder(dir);
  };
  const start = async (launch: Launch): Promise<void> => {
    children.push({ child: await startReady(launch, path.join(dir, `${launch.name}.log`)), signal: launch.stopSignal });
    await record();
  };
  try {
    await record();
    const inMemory = await memoryFolder('test', databasesBytes);
    const postgresDir = path.join(dir, 'postgres');
    // Written down before anything is in it: whoever removes the one folder follows to the other.
    await mkdir(postgresDir);
    if (inMemory !== null) await writeFile(path.join(postgresDir, elsewhereFile), inMemory);
    const postgres = await preparePostgres({
      root,
      cacheDir: path.join(stateDir, 'cache'),
      dir: inMemory ?? postgresDir,
      name: 'postgres',
      port: await freePort(),
      fsync: false,
    });
    await start(postgres.launch);
    const nats = await prepareNats({
      binDir: path.join(stateDir, 'bin'),
      dir: path.join(dir, 'nats'),
      name: `test-${process.pid}`,
      port: await freePort(),
    });
    await start(nats.launch);
    return { postgresUrl: postgres.url, natsUrl: nats.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
