import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, closeSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { RunFileSchema, type RunFile } from '@lapidary/contracts/run-file';
import { findOnPath } from '../../tools/local/find-on-path.js';
import { apiClient, type ApiClient } from './api-client.js';
import { fleetHome, fleetsFolder, forgetData, prepareFleetHome } from './fleet-folder.js';

/** A fleet of its own for one test file: own folder, own ports, the same program as `npm start`. */

const root = path.resolve(import.meta.dirname, '../..');
const node = path.join(root, 'node_modules/.bin/node');
const devProgram = path.join(root, 'tools/dist/dev.js');
const stampctlProgram = path.join(root, 'apps/stampctl/bin/stampctl.js');

/** A fleet of two regions with its first stamps, on a machine where another test does the same. */
const bootMsMax = 180_000;
/** The shutdown's own limit is 10 s; a busy machine may need more to take everything down. */
const stopMsMax = 60_000;

export interface StartFleetOptions {
  /** Names the folder `.lapidary/e2e-<name>-<pid>`; one per test file. */
  readonly name: string;
  readonly regions?: readonly string[];
  /** false: no first stamps. */
  readonly provision?: boolean;
  /** Starts on what an earlier fleet of this name left. */
  readonly keep?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** File of faults of the sample workload. */
  readonly testFaults?: string;
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Fleet {
  /** As it was when the fleet became ready. */
  readonly run: RunFile;
  readonly dataDir: string;
  /** What runs now: names stay, numbers change when something is started again. */
  processes(): RunFile['processes'];
  /** Sends the signal and answers whose number it was. */
  kill(name: string, signal: NodeJS.Signals): number;
  /** Children of this fleet's control planes that provision at this moment. */
  provisioningChildren(): number[];
  /** Whether the region's router has the tenant in its copy on disk; undefined while it has not. */
  directoryCopyHolds(region: string, tenant: string): true | undefined;
  stampctl(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Output>;
  api(region: string): ApiClient;
  /** A second `npm start` with the same folder. */
  startAgain(): Promise<{ readonly code: number; readonly output: string }>;
  /** What the supervisor printed so far. */
  output(): string;
  /** In good order, as with Ctrl-C. May be called again. `keep`: its databases stay, for the next fleet of this name. */
  stop(options?: { readonly keep?: boolean }): Promise<void>;
}

const runOf = (dataDir: string): RunFile | undefined => {
  try {
    return RunFileSchema.parse(JSON.parse(readFileSync(path.join(dataDir, 'run.json'), 'utf8')));
  } catch {
    return undefined;
  }
};

/** HOME inside of the test's folder: nobody's own stampctl contexts and no shared state. */
const cleanEnv = (home: string, env: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: home,
  ...Object.fromEntries(['TMPDIR', 'LAPIDARY_PORT_SHARE'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
  ...env,
});

/** Drift is looked for where a test asks: a look in between would be one more child for those that count and kill them. */
const quiet = { LAPIDARY_DRIFT_INTERVAL_MS: '3600000' };

const collect = async (child: ChildProcess): Promise<Output> => {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name]?.setEncoding('utf8').on('data', (chunk: string) => (text[name] += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, ...text };
};

const devArguments = (options: StartFleetOptions, dataDir: string): string[] => [
  '--enable-source-maps',
  devProgram,
  '--data-dir',
  dataDir,
  ...(options.regions ? ['--regions', options.regions.join(',')] : []),
  ...(options.provision === false ? ['--no-provision'] : []),
  ...(options.testFaults === undefined ? [] : ['--test-faults', options.testFaults]),
];

/** Where the kernel offers it, the fleet ends with the test that started it, even when that is killed. */
const withParent = (file: string, args: readonly string[]): [string, string[]] => {
  const setpriv = process.platform === 'linux' ? findOnPath('setpriv') : null;
  return setpriv ? [setpriv, ['--pdeathsig', 'TERM', '--', file, ...args]] : [file, [...args]];
};

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  await ended;
  clearTimeout(timer);
};

/** Starts it and waits until it is ready; the supervisor's output and the logs' place are in the error when it is not. */
export const startFleet = async (options: StartFleetOptions): Promise<Fleet> => {
  const home = fleetHome(fleetsFolder(path.join(root, '.lapidary')), options.name);
  const dataDir = path.join(home, '.lapidary');
  await prepareFleetHome(home, options.keep === true);
  const outputFile = path.join(home, 'supervisor.log');
  const log = openSync(outputFile, 'a');
  const [file, args] = withParent(node, devArguments(options, dataDir));
  const child = spawn(file, args, { cwd: home, env: cleanEnv(home, { ...quiet, ...options.env }), stdio: ['ignore', log, log] });
  closeSync(log);
  const output = (): string => readFileSync(outputFile, 'utf8');
  const current = (): RunFile => runOf(dataDir) ?? { ...run, processes: [] };
  let run: RunFile;
  try {
    run = await waitFor(
      'the fleet to be ready',
      () => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error('the supervisor ended');
        const now = runOf(dataDir);
        return now?.ready === true ? now : undefined;
      },
      { timeoutMs: bootMsMax, intervalMs: 50 },
    );
  } catch (error) {
    await stop(child);
    throw new Error(`the fleet did not start; its logs are in ${path.relative(root, dataDir)}/logs:\n${output()}`, { cause: error });
  }

  return {
    run,
    dataDir,
    output,
    processes: () => current().processes,
    kill: (name, signal) => {
      const found = current().processes.find((p) => p.name === name);
      if (!found)
        throw new Error(
          `there is no process "${name}"; there are: ${current()
            .processes.map((p) => p.name)
            .join(', ')}`,
        );
      process.kill(found.pid, signal);
      return found.pid;
    },
    provisioningChildren: () => provisioningChildren(home),
    directoryCopyHolds: (region, tenant) => {
      const copy = path.join(dataDir, 'routers', `${region}.directory.copy`);
      // Ids stand in it as they are.
      return (existsSync(copy) && readFileSync(copy).includes(tenant)) || undefined;
    },
    stampctl: (args, env) =>
      collect(spawn(node, [stampctlProgram, ...args], { cwd: home, env: cleanEnv(home, env), stdio: ['ignore', 'pipe', 'pipe'] })),
    api: (region) => apiClient(run.regions[region]!.api, readFileSync(run.tokenFile, 'utf8').trim()),
    startAgain: async () => {
      const again = await collect(
        spawn(node, devArguments(options, dataDir), {
          cwd: home,
          env: cleanEnv(home, { ...quiet, ...options.env }),
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      );
      return { code: again.code, output: again.stdout + again.stderr };
    },
    stop: async ({ keep = false } = {}) => {
      await stop(child);
      if (!keep) forgetData(dataDir);
    },
  };
};

/** Processes of this machine that run the provisioner in this fleet's home; also those whose parent is dead. Linux only. */
const provisioningChildren = (home: string): number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return command.includes('provisioner-main') && readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`HOME=${home}`);
      } catch {
        return false;
      }
    })
    .map(Number);
