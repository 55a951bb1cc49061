import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { surroundingEnv } from '../local/child-env.js';
import { launchProcess } from '../local/launch.js';
import { signalGroup } from '../local/orphans.js';
import { isReady, type ReadyProbe } from '../local/ready-probe.js';
import type { Peer } from './ensure-peer.js';

export interface RunningPeer {
  /** HAProxy's own, nginx's master: its workers are its children. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Both start in some 50 ms; a loaded machine takes longer, and who gives them a large map says so. */
const startMsDefault = 15_000;
const probeEveryMs = 25;

/**
 * Runs nginx or HAProxy with a configuration of ours, in the foreground, everything it writes below `folder`, which is made.
 * nginx's temporary paths have to be told in the configuration (`client_body_temp_path` …): Debian's lie in /var/lib.
 * Throws with the end of its log where it does not come up. The kernel ends it when this process dies.
 */
export const runPeer = async (
  peer: Peer<'nginx' | 'haproxy'>,
  options: { readonly folder: string; readonly config: string; readonly ready: ReadyProbe; readonly startMsMax?: number },
): Promise<RunningPeer> => {
  const { folder } = options;
  await mkdir(folder, { recursive: true });
  const config = path.join(folder, `${peer.name}.conf`);
  const log = path.join(folder, `${peer.name}.log`);
  await writeFile(config, options.config);
  await writeFile(log, '');
  const args =
    peer.name === 'nginx' ? ['-p', folder, '-c', config, '-e', path.join(folder, 'error.log'), '-g', 'daemon off;'] : ['-db', '-f', config];
  const env = { ...surroundingEnv(process.env), ...peer.env };
  const child = launchProcess(
    { name: peer.name, file: peer.file, args, env, cwd: folder, ready: options.ready, stopSignal: 'SIGTERM' },
    log,
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  const { pid } = child;
  const stop = async (): Promise<void> => {
    if (pid !== undefined) signalGroup(pid, 'SIGKILL');
    await ended;
  };
  const giveUpAt = Date.now() + (options.startMsMax ?? startMsDefault);
  while (!(await isReady(options.ready))) {
    if (pid === undefined || child.exitCode !== null || child.signalCode !== null || Date.now() > giveUpAt) {
      await stop();
      const said = await Promise.all([log, path.join(folder, 'error.log')].map((file) => readFile(file, 'utf8').catch(() => '')));
      throw new Error(`${peer.name} did not start: ${said.join('').trim().split('\n').slice(-5).join(' | ')}`);
    }
    await sleep(probeEveryMs);
  }
  return { pid: pid!, stop };
};
