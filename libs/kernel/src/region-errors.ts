import { entry, exitCodes, type CatalogueEntry } from './catalogue-entry.js';

/** Part of the catalogue (error-catalogue.ts): what stands between two regions. */
export const regionErrors = {
  region_unreachable: entry(
    503,
    exitCodes.error,
    true,
    'The region that owns this cannot be reached',
    "Try again when the link is back, or call that region's own API.",
  ),
  protocol_unsupported: entry(
    503,
    exitCodes.error,
    true,
    'The other region speaks no protocol that this one understands',
    'Roll out the region with the lower number ("stampctl geode status"); what was written meanwhile follows by itself.',
  ),
} as const satisfies Record<string, CatalogueEntry>;
