import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

interface Used {
  readonly program: string;
  readonly ms: number;
}

/** What each process below this one has taken of the processors, by process id. */
export type ProcessorTime = ReadonlyMap<number, Used>;

/** A process may end at any moment. */
const unlessEnded = <T>(read: () => T, ended: T): T => {
  try {
    return read();
  } catch {
    return ended;
  }
};

const tasksOf = (pid: number): string[] => unlessEnded(() => readdirSync(`/proc/${pid}/task`), []);
const wordsOf = (pid: number, task: string, file: string): string[] =>
  unlessEnded(() => readFileSync(`/proc/${pid}/task/${task}/${file}`, 'utf8'), '')
    .split(' ')
    .filter((word) => word.trim() !== '');

/** In ns, over all threads of a process; the kernel's ticks of 10 ms would say little of half a second. */
export interface Scheduled {
  /** On a CPU. */
  readonly ranNs: number;
  /** Ready, while others had the CPU; its own threads are others to each other. */
  readonly waitedNs: number;
}

export const scheduledOf = (pid: number): Scheduled => {
  const threads = tasksOf(pid).map((task) => wordsOf(pid, task, 'schedstat').map(Number));
  const sumOf = (at: number): number => threads.reduce((sum, counted) => sum + (counted[at] ?? 0), 0);
  return { ranNs: sumOf(0), waitedNs: sumOf(1) };
};

export const childrenOf = (pid: number): number[] => tasksOf(pid).flatMap((task) => wordsOf(pid, task, 'children').map(Number));

export const processorTime = (): ProcessorTime => {
  const found = new Map<number, Used>();
  const add = (pid: number): void => {
    const program = basename(unlessEnded(() => readlinkSync(`/proc/${pid}/exe`), ''));
    if (program !== '') found.set(pid, { program, ms: scheduledOf(pid).ranNs / 1e6 });
    childrenOf(pid).forEach(add);
  };
  childrenOf(process.pid).forEach(add);
  return found;
};

/** By program, in ms. What ended meanwhile is left out. */
export const usedSince = (before: ProcessorTime): ReadonlyMap<string, number> => {
  const used = new Map<string, number>();
  for (const [pid, { program, ms }] of processorTime()) used.set(program, (used.get(program) ?? 0) + ms - (before.get(pid)?.ms ?? 0));
  return used;
};
