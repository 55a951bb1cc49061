import type { Door } from './door.js';

/** Fewer attempts within the last 10 s say nothing. */
const attemptsMin = 20;
/** A door that fails so much more often than the others is broken, below what trips a breaker. */
const ratioAbove = 0.2;
/** A door so many times slower than the others, and by so much, is ill though it answers. */
const timesSlower = 3;
const slowerMsMin = 50;
const ejectMs = 5_000;
const ejectMsMax = 60_000;

/**
 * Which door of a stamp is to be passed over for a while, compared with the others; null if none. Where all are alike it
 * is the stamp and no door, and never more than half of the doors are out at a time.
 */
export const outlierOf = (doors: readonly Door[], nowMs: number): Door | null => {
  doors.forEach(forgetIfEjected);
  const isOut = new Set(doors.filter(({ health }) => health.isEjected(nowMs)));
  const judged = doors.filter((door) => !isOut.has(door) && door.breaker.counts.read(nowMs).total >= attemptsMin);
  if (judged.length < 2 || isOut.size + 1 > doors.length / 2) return null;
  const mean = (of: (door: Door) => number, except: Door): number =>
    judged.reduce((sum, door) => sum + (door === except ? 0 : of(door)), 0) / (judged.length - 1);
  const ratio = (door: Door): number => door.breaker.counts.read(nowMs).ratio;
  const usual = (door: Door): number => door.usualMs;
  const isOutlier = (door: Door): boolean => {
    const othersMs = mean(usual, door);
    return (
      ratio(door) - mean(ratio, door) >= ratioAbove || (door.usualMs >= timesSlower * othersMs && door.usualMs - othersMs >= slowerMsMin)
    );
  };
  return judged.find(isOutlier) ?? null;
};

/** Judged anew when it is back, by what it does then; also where another worker has ejected it. */
const forgetIfEjected = (door: Door): void => {
  if (!door.health.hasBeenEjected()) return;
  door.breaker.counts.clear();
  door.usualMs = 0;
};

export const eject = (door: Door, nowMs: number): void => {
  door.health.eject((times) => Math.min(ejectMs * times, ejectMsMax), nowMs);
  forgetIfEjected(door);
};
