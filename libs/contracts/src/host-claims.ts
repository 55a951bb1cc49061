import { hostNamePattern } from '@lapidary/kernel/names';
import { z } from 'zod';
import { hlcTextLengthMax, hlcTextPattern } from './events/collection-events.js';

/** Host names of a tenant beside its default one, each with the hybrid logical time at which its home region gave it out. */
export const HostClaimsSchema = z.record(z.string().regex(hostNamePattern), z.string().max(hlcTextLengthMax).regex(hlcTextPattern));
export type HostClaims = z.infer<typeof HostClaimsSchema>;
