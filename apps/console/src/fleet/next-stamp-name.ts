import { regionOfStamp } from '@lapidary/kernel/names';

/** The first number that is free in the region, counted from its highest. */
export const nextStampName = (stamps: readonly { readonly name: string }[], region: string): string => {
  const numbers = stamps.filter((s) => regionOfStamp(s.name) === region).map((s) => Number(s.name.slice(region.length + 1)));
  return `${region}-${Math.max(0, ...numbers) + 1}`;
};
