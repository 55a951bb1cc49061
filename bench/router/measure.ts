import { cpuUs, machineBusySeconds } from './cpu.ts';
import { runLoad, type Load } from './load.ts';
import type { Target } from './targets.ts';

export interface Sample {
  readonly target: string;
  readonly requestsPerSecond: number;
  readonly cpuUsPerRequest: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly errors: number;
  /** CPUs that somebody else used meanwhile, neither proxy nor load generator. */
  readonly foreignCores: number;
}

/** One target under one load, once. */
export const measure = async (target: Target, upstreamPort: number, load: Load): Promise<Sample> => {
  const [cpuBefore, busyBefore, begun] = [cpuUs(target.pid), machineBusySeconds(), performance.now()];
  const result = await runLoad(target.port, upstreamPort, load);
  const proxyUs = cpuUs(target.pid) - cpuBefore;
  const wallSeconds = (performance.now() - begun) / 1000;
  const foreign = machineBusySeconds() - busyBefore - proxyUs / 1e6 - result.cpuSeconds;
  return {
    target: target.name,
    requestsPerSecond: result.requests / result.seconds,
    cpuUsPerRequest: proxyUs / Math.max(1, result.requests),
    p50Us: result.p50Us,
    p99Us: result.p99Us,
    // The measured tenants are within their limits.
    errors: result.errors + result.refused,
    foreignCores: Math.max(0, foreign / wallSeconds),
  };
};

const shuffled = <T>(items: readonly T[]): T[] => {
  const list = [...items];
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
};

/** Rounds in which every target has its turn, in another order each time: what the machine does meanwhile meets all alike. */
export const interleaved = async (
  targets: readonly Target[],
  rounds: number,
  each: (target: Target) => Promise<Sample>,
): Promise<Map<string, Sample[]>> => {
  const samples = new Map<string, Sample[]>(targets.map((t) => [t.name, []]));
  for (let round = 0; round < rounds; round++) for (const target of shuffled(targets)) samples.get(target.name)!.push(await each(target));
  return samples;
};
