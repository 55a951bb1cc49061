import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What a process answers that was asked over IPC how much memory it holds, in bytes, and how long it got no turn at most so far. */
export interface MemoryHeld {
  readonly live: number;
  readonly other: number;
  readonly stalledMs: number;
}

/**
 * Memory of the process' own, in bytes. Pages of its program and libraries are left out: the kernel takes those back at any time that it likes and reads
 * them in again when they are used, tens of megabytes in a minute, which is nobody's leak.
 */
const ownBytes = (): number => {
  const [, kibibytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  return kibibytes === undefined ? process.memoryUsage.rss() : Number(kibibytes) * 1024;
};

/**
 * Lets the parent ask, by any message, what this process holds after a full collection; needs `--expose-gc`. Twice: what the first one
 * found dead may have a finaliser or a weak callback that lets more go.
 */
export const answerMemoryHeld = (): void => {
  if (process.send === undefined || globalThis.gc === undefined) return;
  const { gc } = globalThis;
  const delay = monitorEventLoopDelay();
  delay.enable();
  process.on('message', () => {
    void gc();
    setImmediate(() => {
      void gc();
      const { heapTotal, heapUsed, external } = process.memoryUsage();
      const stalledMs = Math.round(delay.max / 1e6);
      process.send?.({ live: heapUsed + external, other: ownBytes() - heapTotal - external, stalledMs } satisfies MemoryHeld);
    });
  });
};
