import type { Rule } from '../facts.js';

/** P-HB5: silence stops placing, and nothing else by itself. A stamp that was never heard yet is given the chance. */
export const health: Rule = (_tenant, stamp) => ({
  pass: stamp.health === 'healthy' || stamp.health === 'unknown',
  reason:
    stamp.health === 'unknown'
      ? 'not heard of yet'
      : `health is ${stamp.health}${stamp.healthReason === null ? '' : `: ${stamp.healthReason}`}`,
});
