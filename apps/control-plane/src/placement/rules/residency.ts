import type { Rule } from '../facts.js';

/** I3: an entry allows the region of that name, or every region of that jurisdiction; no entries allow all. */
export const allowsRegion = (residency: readonly string[], region: string, jurisdiction: string): boolean =>
  residency.length === 0 || residency.includes(region) || residency.includes(jurisdiction);

export const residency: Rule = (tenant, stamp) => {
  const allowed = tenant.residency.join(', ');
  if (tenant.residency.length === 0) return { pass: true, reason: 'the tenant has no residency restriction' };
  return allowsRegion(tenant.residency, stamp.region, stamp.jurisdiction)
    ? { pass: true, reason: `${stamp.region} (jurisdiction ${stamp.jurisdiction}) is allowed by residency [${allowed}]` }
    : { pass: false, reason: `${stamp.region} (jurisdiction ${stamp.jurisdiction}) is not allowed by residency [${allowed}]` };
};
