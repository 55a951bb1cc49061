import { readdirSync, readFileSync } from 'node:fs';

const children = (pid: number): number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

/** What the scheduler has counted for a process, its threads and its children, in microseconds. */
export interface Scheduled {
  /** On a CPU. */
  readonly cpuUs: number;
  /** Ready, while others had the CPU; its own threads are others to each other. */
  readonly waitedUs: number;
}

export const scheduled = (pid: number): Scheduled => {
  let [cpuNs, waitedNs] = [0, 0];
  for (const process of [pid, ...children(pid)]) {
    for (const task of readdirSync(`/proc/${process}/task`)) {
      const [ran, waited] = readFileSync(`/proc/${process}/task/${task}/schedstat`, 'utf8').split(' ').map(Number);
      cpuNs += ran!;
      waitedNs += waited!;
    }
  }
  return { cpuUs: cpuNs / 1000, waitedUs: waitedNs / 1000 };
};

/** Linux counts in hundredths of a second, whatever the kernel's own tick is. */
const ticksPerSecond = 100;

/** Busy time of the whole machine since it started, hypervisor steal included, in seconds. */
export const machineBusySeconds = (): number => {
  const [, user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/).map(Number);
  return (user! + nice! + system! + irq! + softirq! + steal!) / ticksPerSecond;
};

export const residentMegabytes = (pid: number): number =>
  [pid, ...children(pid)].reduce(
    (sum, p) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${p}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    0,
  );
