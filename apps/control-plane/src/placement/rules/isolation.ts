import type { Rule } from '../facts.js';

/** A dedicated tenant has a stamp to itself; a pooled one never gets in there, not even while it stands empty. */
export const isolation: Rule = (tenant, stamp) => {
  if (tenant.tier !== stamp.isolation) return { pass: false, reason: `the tenant is ${tenant.tier}, the stamp is ${stamp.isolation}` };
  if (tenant.tier === 'dedicated' && stamp.tenants > 0) return { pass: false, reason: 'the dedicated stamp has its tenant already' };
  return { pass: true, reason: tenant.tier === 'dedicated' ? 'dedicated and empty' : 'both are pooled' };
};
