import { machineBusySeconds, scheduled } from './cpu.ts';
import { runLoad, type Load, type LoadResult } from './load.ts';
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
  /** Of each second, how long the proxy was ready and others had its CPU; and the same of the load generator. */
  readonly waitedMsPerSecond: number;
  readonly loadWaitedMsPerSecond: number;
}

/** Above this, figures show the machine as much as the proxies: they are printed, and not to be quoted. */
export const foreignCoresMax = 0.15;
/** Rounds are taken again on a machine that isn't calm: at most three times as many, and none once the run has taken so long (it is promised within ten minutes). */
const triesMax = 3;
const againMsMax = 4 * 60_000;

/** One target under one load, once. */
export const measure = (target: Target, upstreamPort: number, load: Load): Promise<Sample> =>
  measureWhile(target, () => runLoad(target.port, upstreamPort, load));

/** One target while something asks it. */
export const measureWhile = async (target: Target, run: () => Promise<LoadResult>): Promise<Sample> => {
  const [before, busyBefore, begun] = [scheduled(target.pid), machineBusySeconds(), performance.now()];
  const result = await run();
  const after = scheduled(target.pid);
  const proxyUs = after.cpuUs - before.cpuUs;
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
    waitedMsPerSecond: (after.waitedUs - before.waitedUs) / 1000 / wallSeconds,
    loadWaitedMsPerSecond: (result.waitedSeconds * 1000) / wallSeconds,
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

/**
 * Rounds in which every target has its turn, in another order each time: what the machine does meanwhile meets all alike. Rounds in which somebody else used
 * the machine are taken again, a few times; of all, those that disturbed least are kept, whole rounds of all targets.
 */
export const interleaved = async (
  targets: readonly Target[],
  rounds: number,
  each: (target: Target) => Promise<Sample>,
): Promise<Map<string, Sample[]>> => {
  const taken: Sample[][] = [];
  const calm = (): number => taken.filter((round) => disturbance(round) <= foreignCoresMax).length;
  const more = (): boolean => taken.length < rounds || (taken.length < triesMax * rounds && performance.now() < againMsMax);
  while (calm() < rounds && more()) {
    const round: Sample[] = [];
    for (const target of shuffled(targets)) round.push(await each(target));
    taken.push(round);
  }
  const kept = taken.sort((a, b) => disturbance(a) - disturbance(b)).slice(0, rounds);
  return new Map(targets.map(({ name }) => [name, kept.flatMap((round) => round.filter(({ target }) => target === name))]));
};

/** Of the target that was disturbed most. */
const disturbance = (round: readonly Sample[]): number => Math.max(...round.map(({ foreignCores }) => foreignCores));
