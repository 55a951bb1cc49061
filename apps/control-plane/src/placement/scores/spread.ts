import type { Score } from '../facts.js';

/** Fewer tenants share the fate of a stamp: relative to the fullest one among the candidates. */
export const spread: Score = (_tenant, stamp, fleet) => {
  const most = fleet.reduce((max, other) => Math.max(max, other.tenants), 0);
  return {
    value: most === 0 ? 100 : 100 * (1 - stamp.tenants / most),
    reason: `${stamp.tenants} tenants are here, ${most} on the fullest candidate`,
  };
};
