import type { rings } from '@lapidary/contracts/api/stamps';
import type { Score } from '../facts.js';

/** A tenant with this label asks for a ring, for example to see new versions first. */
export const ringLabel = 'ring';

/** Who asks for nothing is kept from the rings that get new versions first. */
const steadiness: Readonly<Record<(typeof rings)[number], number>> = { canary: 0, early: 50, broad: 100 };

export const ring: Score = (tenant, stamp) => {
  const wanted = tenant.labels[ringLabel];
  if (wanted !== undefined)
    return { value: wanted === stamp.ring ? 100 : 0, reason: `ring is ${stamp.ring}, the tenant prefers ${wanted}` };
  return { value: steadiness[stamp.ring as keyof typeof steadiness] ?? 0, reason: `ring is ${stamp.ring}; later rings are steadier` };
};
