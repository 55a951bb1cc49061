import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { findOnPath } from './find-on-path.js';
import type { ReadyProbe } from './ready-probe.js';
import type { RunAs } from './unprivileged.js';

/** Everything that is needed to run one process, as a value. */
export interface Launch {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment: nothing is inherited by accident. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly runAs?: RunAs | null;
  readonly ready: ReadyProbe;
  /** Asks it to end in good order; PostgreSQL takes SIGINT for its fast shutdown. */
  readonly stopSignal: NodeJS.Signals;
  /** Runs before every start, for example to clear what a killed predecessor left. */
  readonly beforeStart?: () => Promise<void>;
}

let setprivPath: string | null | undefined;
const setpriv = (): string | null => (setprivPath ??= process.platform === 'linux' ? findOnPath('setpriv') : null);

/**
 * Where util-linux' setpriv is at hand, the kernel itself ends the child when we die (PR_SET_PDEATHSIG), even by kill -9.
 * Elsewhere the next start finds and ends what was left (orphans.ts).
 */
const commandLine = (launch: Launch): { file: string; args: string[] } => {
  const wrapper = setpriv();
  if (wrapper === null) return { file: launch.file, args: [...launch.args] };
  return { file: wrapper, args: ['--pdeathsig', launch.stopSignal.replace('SIG', ''), '--', launch.file, ...launch.args] };
};

/**
 * Starts it, output appended to `logFile`. In a process group of its own: Ctrl-C in the terminal must reach only the
 * supervisor, which stops everything in order, and a group can be ended as a whole.
 */
export const launchProcess = (launch: Launch, logFile: string): ChildProcess => {
  mkdirSync(path.dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  try {
    const { file, args } = commandLine(launch);
    return spawn(file, args, {
      cwd: launch.cwd,
      env: { ...launch.env },
      stdio: ['ignore', log, log],
      detached: true,
      ...(launch.runAs ? { uid: launch.runAs.uid, gid: launch.runAs.gid } : {}),
    });
  } finally {
    closeSync(log);
  }
};
