import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { surroundingEnv } from './local/child-env.js';
import { endOrphans } from './local/orphans.js';
import { ProcessFolder } from './local/process-folder.js';
import { specLaunch } from './local/spec-launch.js';

/**
 * The part of the local supervisor that runs stamps, without the rest: for containers (docker-compose.yml), where databases,
 * streams, control planes and routers are run by somebody else. LAPIDARY_LOCAL_PROCESS_DIR is the folder that the control
 * plane's local driver writes to; LAPIDARY_STAMP_HOST_DIR keeps logs and pid files.
 */
const stopGraceMs = 5000;
const killMsMax = 2000;

const required = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return path.resolve(value);
};

const root = path.resolve(import.meta.dirname, '../..');
const stateDir = required('LAPIDARY_STAMP_HOST_DIR');
const print = (line: string): void => void process.stdout.write(`${line}\n`);

await endOrphans(path.join(stateDir, 'pids'));
const folder = new ProcessFolder({
  dir: required('LAPIDARY_LOCAL_PROCESS_DIR'),
  launchOf: (spec) => specLaunch(spec, { root, node: process.execPath, env: surroundingEnv(process.env) }),
  optionsOf: (name) => ({ logFile: path.join(stateDir, 'logs', `${name}.log`), pidDir: path.join(stateDir, 'pids') }),
  onChange: ({ name, state, lastExit }) => print(`${name} ${state}${state === 'backing-off' ? ` after ${lastExit}` : ''}`),
  report: print,
  stopGraceMs,
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void Promise.race([folder.close(stopGraceMs), sleep(stopGraceMs + killMsMax)]).finally(() => process.exit(0));
  });
}
await folder.open();
print('stamp host is up');
