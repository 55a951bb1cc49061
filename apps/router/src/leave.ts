import { setTimeout as sleep, setImmediate as nextTurn } from 'node:timers/promises';

/** The next request of an active client comes within this, and a request behind its connection within a slow line's round trip. */
const quietMs = 1_000;
const lookEveryMs = 20;

/** A look that comes later than this was late because this process, or the machine, stood still. */
const lookMsMax = 2 * lookEveryMs;
/** For a machine that always stands still. */
const quietTimesMax = 5;

/** What is left of a time that begins now, in milliseconds and never below 0: the phases of a stop share it. */
export const countdown = (msMax: number): (() => number) => {
  const endMs = performance.now() + msMax;
  return () => Math.max(0, endMs - performance.now());
};

/** Whether `check` came true within the time. */
export const cameTrue = async (check: () => boolean, msMax: number): Promise<boolean> => {
  const endMs = performance.now() + msMax;
  while (!check()) {
    if (performance.now() >= endMs) return false;
    await look();
  }
  return true;
};

/**
 * Whether `check` came true before quietMs had passed, or `msMax`, if that is less.
 *
 * Closing an idle connection loses the request that is on its way on it. So a server that leaves answers whatever comes with
 * "Connection: close", and closes what has been silent for quietMs: no more dangerous than any keep-alive time. Time in which this process stood still counts
 * as one look: its clients may have stood still as well, and what they sent has not been read.
 */
export const cameTrueBeforeQuiet = async (check: () => boolean, msMax: number): Promise<boolean> => {
  let leftMs = Math.min(quietMs, msMax);
  let lookedMs = performance.now();
  const endMs = lookedMs + Math.min(quietTimesMax * leftMs, msMax);
  while (!check()) {
    if (leftMs <= 0 || lookedMs >= endMs) return false;
    await look();
    const nowMs = performance.now();
    leftMs -= Math.min(nowMs - lookedMs, lookMsMax);
    lookedMs = nowMs;
  }
  return true;
};

/** Ends behind a poll, so that what has come is read. */
const look = async (): Promise<void> => {
  await sleep(lookEveryMs);
  await nextTurn();
};

export const some = <T>(items: Iterable<T>, check: (item: T) => boolean): boolean => {
  for (const item of items) if (check(item)) return true;
  return false;
};
