import { freeUnits, type Rule } from '../facts.js';

/** I2 in the decision; the reservation makes sure of it once more, under lock. */
export const capacity: Rule = (tenant, stamp) => {
  const free = freeUnits(stamp);
  return {
    pass: tenant.weight <= free,
    reason: `needs ${tenant.weight} ${tenant.weight === 1 ? 'unit' : 'units'}, ${free} of ${stamp.capacityUnits} are free`,
  };
};
