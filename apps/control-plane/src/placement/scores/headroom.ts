import { freeUnits, type Score } from '../facts.js';

/** Room that is left in proportion, after this tenant: fills stamps evenly, so that each keeps room to grow in. */
export const headroom: Score = (tenant, stamp) => {
  const left = Math.max(0, freeUnits(stamp) - tenant.weight);
  return {
    value: (100 * left) / stamp.capacityUnits,
    reason: `${left} of ${stamp.capacityUnits} ${stamp.capacityUnits === 1 ? 'unit' : 'units'} would stay free`,
  };
};
