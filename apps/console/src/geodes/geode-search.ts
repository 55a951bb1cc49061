import { z } from 'zod';
import { RegionSearchField } from '../shell/region-search.js';

/** What the address holds; without a region the one that answers. */
export const GeodeSearchSchema = z.object({ region: RegionSearchField });
export type GeodeSearch = z.infer<typeof GeodeSearchSchema>;
