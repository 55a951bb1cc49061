import { setTimeout as sleep } from 'node:timers/promises';

/** The next request of an active client comes within this, and a request behind its connection within a slow line's round trip. */
export const quietMs = 1_000;
const lookEveryMs = 20;

/**
 * Whether `check` came true within the time.
 *
 * Closing an idle connection loses the request that is on its way on it. So a server that leaves answers whatever comes with
 * "Connection: close", and closes what has been silent for quietMs: no more dangerous than any keep-alive time.
 */
export const cameTrue = async (check: () => boolean, msMax: number): Promise<boolean> => {
  const endMs = performance.now() + msMax;
  while (!check()) {
    if (performance.now() >= endMs) return false;
    await sleep(lookEveryMs);
  }
  return true;
};

export const some = <T>(items: Iterable<T>, check: (item: T) => boolean): boolean => {
  for (const item of items) if (check(item)) return true;
  return false;
};
