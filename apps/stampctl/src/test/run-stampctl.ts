import { PassThrough, Readable } from 'node:stream';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stampctl } from '../main.js';

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** A folder without contexts and without a running fleet above it. */
export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'stampctl-'));

/** Runs a command line in this process, as if stdout and stderr led into a file. */
export const run = async (
  argv: readonly string[],
  options: {
    env?: Record<string, string>;
    cwd?: string;
    interrupted?: AbortSignal;
    onOut?: (text: string) => void;
    onErr?: (text: string) => void;
    columns?: number;
    /** What stands on standard input. */
    input?: string;
  } = {},
): Promise<Ran> => {
  const cwd = options.cwd ?? emptyFolder();
  let out = '';
  let err = '';
  const exit = await stampctl(argv, {
    stdout: {
      write: (text) => {
        out += text;
        options.onOut?.(text);
      },
      columns: options.columns ?? 80,
    },
    stderr: {
      write: (text) => {
        err += text;
        options.onErr?.(text);
      },
      columns: 80,
    },
    stdin: options.input === undefined ? new PassThrough() : Readable.from([options.input]),
    env: { HOME: cwd, XDG_CONFIG_HOME: join(cwd, 'config'), ...options.env },
    cwd,
    interrupted: options.interrupted ?? new AbortController().signal,
  });
  return { exit, out, err };
};
