import type { CapacityFigures } from '@lapidary/contracts/api/capacity';
import { daysText } from '@lapidary/kernel/days-text';

export const minuteMs = 60_000;
export const dayMs = 24 * 60 * minuteMs;

export const round = (value: number, digits = 1): number => Math.round(value * 10 ** digits) / 10 ** digits;

export const count = (n: number, what: string): string => `${n} ${n === 1 ? what : `${what}s`}`;

/** Why no stamp is due. */
export const enoughText = ({ units, headroomPercent, pending, daysToFull }: CapacityFigures): string => {
  const full = daysToFull === null ? 'not filling up' : `full in ${daysText(daysToFull)}`;
  const room = `${units.free} of ${count(units.total, 'unit')} are free (${headroomPercent ?? 0} %), ${full}`;
  const large = pending.tooLarge.length === 0 ? '' : `; too large for any new stamp: ${pending.tooLarge.join(', ')}`;
  const waiting = pending.tenants - pending.tooLarge.length;
  return waiting === 0 ? `${room}${large}` : `${room}; ${count(waiting, 'tenant')} wait, but not for room${large}`;
};
