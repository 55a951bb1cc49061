import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compile } from './compile.ts';

const run = promisify(execFile);

export interface Load {
  readonly connections: number;
  readonly seconds: number;
  /** Requests per second on a schedule; 0: as many as the answers allow. */
  readonly rate: number;
  readonly postBytes: number;
  readonly answerBytes: number;
  readonly tenants: number;
  /** All requests are this one's, and another load has the upstream. */
  readonly tenant?: string;
}

/** What load.c prints. */
export interface LoadResult {
  readonly requests: number;
  /** Lost connections, and answers of neither 200 nor 429. */
  readonly errors: number;
  /** Answers of 429. */
  readonly refused: number;
  readonly lost: number;
  /** Of the answers that are errors. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  readonly cpuSeconds: number;
  /** It was ready and others had its CPU. */
  readonly waitedSeconds: number;
}

/** Compiles the load generator where its source is newer; the path of it. */
export const buildLoad = (): string => compile('load.c', 'load');

/** On the second CPU: client and upstream together, the proxy has the first one for itself. */
export const runLoad = async (port: number, upstreamPort: number, load: Load): Promise<LoadResult> => {
  const numbers = [port, upstreamPort, load.connections, load.seconds, load.rate, load.postBytes, load.answerBytes, load.tenants];
  const args = [...numbers.map(String), ...(load.tenant === undefined ? [] : [load.tenant])];
  const { stdout } = await run('taskset', ['-c', '1', buildLoad(), ...args], { timeout: (load.seconds + 60) * 1000 });
  return JSON.parse(stdout) as LoadResult;
};
