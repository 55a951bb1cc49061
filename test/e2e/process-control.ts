import { readFileSync } from 'node:fs';
import { waitFor } from '@lapidary/kernel/wait-for';

/** Whether the process runs; a zombie does not. Linux only, like the tests that need it. */
export const isRunning = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
};

/** Environment that a running process was started with. */
export const environmentOf = (pid: number): Record<string, string> =>
  Object.fromEntries(
    readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

export const commandOf = (pid: number): string[] => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);

export const gone = (pid: number, timeoutMs: number): Promise<true> =>
  waitFor(`process ${pid} to be gone`, () => (isRunning(pid) ? undefined : (true as const)), { timeoutMs });
