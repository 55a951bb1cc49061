const dayMinutes = 24 * 60;

/** Days in the unit that fits: a local stamp is built in seconds, a cloud's in half an hour, and a region fills up in months. */
export const daysText = (days: number): string => {
  const minutes = days * dayMinutes;
  if (minutes < 1) return `${Math.max(0, Math.round(minutes * 60))} s`;
  if (minutes < 120) return `${Math.round(minutes)} min`;
  return minutes < 2 * dayMinutes ? `${tenths(minutes / 60)} h` : `${tenths(days)} days`;
};

const tenths = (value: number): number => Math.round(value * 10) / 10;
