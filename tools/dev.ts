import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet } from './local/fleet.js';
import { alreadyRunning, greeting } from './local/greeting.js';
import { endOrphans } from './local/orphans.js';
import { fleetPaths, type FleetPaths } from './local/paths.js';
import { choosePorts, fixedPorts, keepPorts, portNames, portVariable, preferredPorts, readPorts, type PortMap } from './local/ports.js';
import { firstStamps, regionsToRun } from './local/regions.js';
import { readRunFile, removeRunFile } from './local/run-file.js';
import { claimInstance, releaseInstance } from './local/single-instance.js';
import { parseStartOptions, startHelp, type StartOptions } from './local/start-options.js';

/** `npm start`: a whole fleet on this machine, with this process as its supervisor. */

const print = (line: string): void => void process.stdout.write(`${line}\n`);
/** tools/dist/dev.js → the checkout. */
const root = path.resolve(import.meta.dirname, '../..');
/** After a second Ctrl-C: SIGKILL needs no more. */
const killMsMax = 2000;
/** One Ctrl-C arrives twice: from the terminal, and forwarded by npm. Nobody presses twice that fast and means it. */
const samePressMs = 750;

const decidePorts = async (paths: FleetPaths, regions: readonly string[], options: StartOptions): Promise<PortMap> => {
  const names = portNames(regions);
  const before = readPorts(paths.ports);
  const choice = await choosePorts(names, {
    fixed: fixedPorts(names, options.ports, process.env),
    before,
    // A second fleet (tests) leaves the numbers that are easy to remember to the first.
    preferred: options.dataDir === null ? preferredPorts(regions) : {},
  });
  for (const { name, from, to } of choice.moved) {
    print(`${name} moves from port ${from}, which is taken, to ${to}`);
    if (/^(postgres|nats)-/.test(name))
      print(
        `  stamps of that region learn it when they are provisioned again (or free ${from} and start with ${portVariable(name)}=${from})`,
      );
  }
  keepPorts(paths.ports, choice.ports);
  return choice.ports;
};

const stopOnSignals = (fleet: Fleet, finish: (code: number) => void): void => {
  let askedAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    const first = askedAtMs === null;
    if (askedAtMs !== null && Date.now() - askedAtMs < samePressMs) return;
    askedAtMs ??= Date.now();
    if (first) {
      print(signal === 'SIGINT' ? '\nStopping; once more to kill.' : 'Stopping.');
      void fleet.stop().then(
        () => finish(0),
        () => finish(1),
      );
    } else {
      print('Killing.');
      void Promise.race([fleet.kill(), sleep(killMsMax)]).finally(() => finish(1));
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
};

const start = async (options: StartOptions): Promise<void> => {
  const paths = fleetPaths(root, options.dataDir ?? undefined);
  const regions = regionsToRun(root, options.regions);
  const holder = claimInstance(paths.supervisorFile);
  if (holder) {
    for (const line of alreadyRunning(readRunFile(paths.runFile), holder.pid, process.cwd())) print(line);
    return;
  }
  const finish = (code: number): void => {
    removeRunFile(paths.runFile);
    releaseInstance(paths.supervisorFile);
    process.exit(code);
  };
  removeRunFile(paths.runFile);
  for (const orphan of await endOrphans(paths.pids)) print(`ended ${orphan}, left by an earlier run`);
  if (!existsSync(path.join(paths.data, 'postgres'))) print('first start: databases are made, nats-server may be fetched');
  const fleet = new Fleet({
    paths,
    regions,
    ports: await decidePorts(paths, regions, options),
    firstStamps: options.provision ? firstStamps(root, regions) : [],
    node: process.execPath,
    env: { NODE_COMPILE_CACHE: paths.compiled, ...process.env },
    stampEnv: options.testFaults === null ? {} : { LAPIDARY_FAULTS_FILE: options.testFaults },
    report: print,
  });
  stopOnSignals(fleet, finish);
  const giveUp = (error: unknown): void => {
    // What breaks because everything is being stopped is no news.
    if (fleet.isStopping) return;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    void fleet.stop().finally(() => finish(1));
  };
  process.on('uncaughtException', giveUp);
  process.on('unhandledRejection', giveUp);
  try {
    const run = await fleet.boot();
    // The token is shown to a person at a terminal, never written into somebody's log.
    const token = process.stdout.isTTY ? readFileSync(run.tokenFile, 'utf8').trim() : null;
    for (const line of greeting(run, process.cwd(), token)) print(line);
  } catch (error) {
    giveUp(error);
  }
};

// The terminal may go away (a closed pipe); the fleet runs on.
process.stdout.on('error', () => undefined);
const options = parseStartOptions(process.argv.slice(2));
if (options.help) print(startHelp);
else await start(options);
