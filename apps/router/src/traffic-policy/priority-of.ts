import { priorityLowest } from './bulkhead/compartment.js';
import { usualUrgency } from './traffic-policy.js';

/** RFC 9218: 6 and 7 are for what nobody waits for. */
const urgencyOfBackground = 6;

/** A client may only make less of its own requests: one step below its tier's priority, two for the background. */
export const priorityOf = (ofTier: number, urgency: number): number => {
  if (urgency <= usualUrgency) return ofTier;
  return Math.min(priorityLowest, ofTier + (urgency >= urgencyOfBackground ? 2 : 1));
};
