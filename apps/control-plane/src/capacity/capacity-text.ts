import type { CapacityFigures } from '@lapidary/contracts/api/capacity';

export const minuteMs = 60_000;
export const dayMs = 24 * 60 * minuteMs;

export const round = (value: number, digits = 1): number => Math.round(value * 10 ** digits) / 10 ** digits;

export const count = (n: number, what: string): string => `${n} ${n === 1 ? what : `${what}s`}`;

/** Days in the unit that fits: a local stamp is built in seconds, a cloud's in half an hour. */
export const timeText = (days: number): string => {
  const minutes = (days * dayMs) / minuteMs;
  if (minutes < 1) return `${Math.max(0, Math.round(minutes * 60))} s`;
  if (minutes < 120) return `${Math.round(minutes)} min`;
  return minutes < 2_880 ? `${round(minutes / 60)} h` : `${round(days)} days`;
};

/** Why no stamp is due. */
export const enoughText = ({ units, headroomPercent, pending, daysToFull }: CapacityFigures): string => {
  const full = daysToFull === null ? 'not filling up' : `full in ${timeText(daysToFull)}`;
  const room = `${units.free} of ${count(units.total, 'unit')} are free (${headroomPercent ?? 0} %), ${full}`;
  const large = pending.tooLarge.length === 0 ? '' : `; too large for any new stamp: ${pending.tooLarge.join(', ')}`;
  const waiting = pending.tenants - pending.tooLarge.length;
  return waiting === 0 ? `${room}${large}` : `${room}; ${count(waiting, 'tenant')} wait, but not for room${large}`;
};
