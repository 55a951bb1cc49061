import type { Rule } from '../facts.js';

/** Single writer: only the tenant's home geode places it, and it can reserve only on its own region's stamps. */
export const homeRegion: Rule = (tenant, stamp) =>
  stamp.region === tenant.homeRegion
    ? { pass: true, reason: `belongs to the home region ${tenant.homeRegion}` }
    : { pass: false, reason: `belongs to ${stamp.region}; the tenant is at home in ${tenant.homeRegion}` };
