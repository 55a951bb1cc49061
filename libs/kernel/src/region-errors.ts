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
  region_restored: entry(
    503,
    exitCodes.error,
    true,
    'The region is fenced: its database was restored from a backup',
    'It writes again when every region was heard: "stampctl geode status" says what it waits for. Reading and routing go on.',
  ),
  region_given_up: entry(
    409,
    exitCodes.conflict,
    false,
    'The region was given up as lost for good',
    'Its tenants are at home with its successor: "stampctl regions ls" says who that is. One that is back all the same is stopped; another in its place takes another name (runbook add_or_remove_a_region).',
  ),
  protocol_unsupported: entry(
    503,
    exitCodes.error,
    true,
    'The other region speaks no protocol that this one understands',
    'Roll out the region with the lower number ("stampctl geode status"); what was written meanwhile follows by itself.',
  ),
} as const satisfies Record<string, CatalogueEntry>;
