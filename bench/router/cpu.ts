import { readFileSync } from 'node:fs';
import { childrenOf, scheduledOf } from '../processor-time.ts';

/** What the scheduler has counted for a process, its threads and its children, in microseconds. */
export interface Scheduled {
  /** On a CPU. */
  readonly cpuUs: number;
  /** Ready, while others had the CPU; its own threads are others to each other. */
  readonly waitedUs: number;
}

export const scheduled = (pid: number): Scheduled => {
  const all = [pid, ...childrenOf(pid)].map((process) => scheduledOf(process));
  return {
    cpuUs: all.reduce((sum, { ranNs }) => sum + ranNs, 0) / 1000,
    waitedUs: all.reduce((sum, { waitedNs }) => sum + waitedNs, 0) / 1000,
  };
};

/** Linux counts in hundredths of a second, whatever the kernel's own tick is. */
const ticksPerSecond = 100;

/** Busy time of the whole machine since it started, hypervisor steal included, in seconds. */
export const machineBusySeconds = (): number => {
  const [, user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/).map(Number);
  return (user! + nice! + system! + irq! + softirq! + steal!) / ticksPerSecond;
};

export const residentMegabytes = (pid: number): number =>
  [pid, ...childrenOf(pid)].reduce(
    (sum, p) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${p}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    0,
  );
