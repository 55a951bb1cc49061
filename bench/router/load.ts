import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

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

const source = join(import.meta.dirname, 'load.c');
const binary = join(import.meta.dirname, '../../.lapidary/bench-router/load');

/** Compiles the load generator where its source is newer. */
export const buildLoad = (): void => {
  if (existsSync(binary) && statSync(binary).mtimeMs > statSync(source).mtimeMs) return;
  mkdirSync(join(binary, '..'), { recursive: true });
  execFileSync('gcc', ['-O2', '-o', binary, source], { stdio: ['ignore', 'inherit', 'inherit'] });
};

/** On the second CPU: client and upstream together, the proxy has the first one for itself. */
export const runLoad = async (port: number, upstreamPort: number, load: Load): Promise<LoadResult> => {
  const numbers = [port, upstreamPort, load.connections, load.seconds, load.rate, load.postBytes, load.answerBytes, load.tenants];
  const args = [...numbers.map(String), ...(load.tenant === undefined ? [] : [load.tenant])];
  const { stdout } = await run('taskset', ['-c', '1', binary, ...args], { timeout: (load.seconds + 60) * 1000 });
  return JSON.parse(stdout) as LoadResult;
};
