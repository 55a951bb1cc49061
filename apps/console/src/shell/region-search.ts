import { z } from 'zod';

/** In an address: whose is shown; without it what the region keeps that answers. */
export const RegionSearchField = z.string().max(63).optional().catch(undefined);
