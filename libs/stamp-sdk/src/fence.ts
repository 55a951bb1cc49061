import { epochHeader, internalHeaderPrefix, tenantHeader } from '@lapidary/contracts/workload';
import { isTenantId } from '@lapidary/kernel/names';

/**
 * I4: a stamp serves a tenant's request only if it holds that tenant at the epoch in the request or newer.
 * Works on raw headers (name, value, name, value …), since a parsed header object has already merged or dropped
 * repeats, and which of two tenant headers a workload would believe is not ours to guess.
 */
export type FenceRefusal =
  /** Tenant or epoch is missing, repeated, malformed, or could be read differently behind us. */
  | 'malformed'
  /** The tenant is not held here. */
  | 'not_held'
  /** It is held, but at an older epoch than the router knows of. */
  | 'older_epoch'
  /** The agent may not serve anything now: fenced, or it doesn't know yet what it holds. */
  | 'not_serving';

export type FenceDecision =
  | { readonly serve: true; readonly tenant: string; readonly epoch: number; readonly heldEpoch: number }
  | { readonly serve: false; readonly reason: FenceRefusal; readonly tenant: string | null; readonly heldEpoch: number };

export interface Passport {
  readonly tenant: string;
  /** null: it says nothing of an epoch (stamp-aware DNS); whichever the tenant is held at will do. */
  readonly epoch: number | null;
}

/** No leading zero, no sign, at most 15 digits: exactly one way to write each epoch, and safe as a number. */
const epochPattern = /^[1-9][0-9]{0,14}$/;

/** Tenant and epoch that a request carries, or null where they can't be trusted. */
export const readPassport = (rawHeaders: readonly string[]): Passport | null => {
  const tenants: string[] = [];
  const epochs: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    const value = rawHeaders[i + 1]!;
    if (name === tenantHeader) tenants.push(value);
    else if (name === epochHeader) epochs.push(value);
    // CGI-like workloads read x_lapidary_tenant as the same variable; only somebody who passed by the router sends it.
    else if (name.replaceAll('_', '-').startsWith(internalHeaderPrefix) && name.includes('_')) return null;
    // A hop that obeys "Connection: x-lapidary-tenant" would strip the fence from the request.
    else if (name === 'connection' && value.toLowerCase().includes(internalHeaderPrefix)) return null;
  }
  const [tenant] = tenants;
  const [epoch] = epochs;
  if (tenants.length !== 1 || epochs.length !== 1 || tenant === undefined || epoch === undefined) return null;
  return isTenantId(tenant) && epochPattern.test(epoch) ? { tenant, epoch: Number(epoch) } : null;
};

/** `epochOf` gives the epoch at which a tenant is held, 0 where it is not. `passport`: null where it can't be trusted. */
export const fencePassport = (epochOf: (tenant: string) => number, passport: Passport | null): FenceDecision => {
  if (passport === null) return { serve: false, reason: 'malformed', tenant: null, heldEpoch: 0 };
  const { tenant } = passport;
  const heldEpoch = epochOf(tenant);
  const epoch = passport.epoch ?? heldEpoch;
  if (heldEpoch === 0) return { serve: false, reason: 'not_held', tenant, heldEpoch };
  return heldEpoch >= epoch ? { serve: true, tenant, epoch, heldEpoch } : { serve: false, reason: 'older_epoch', tenant, heldEpoch };
};

/** The same by the headers that a router sets. */
export const fence = (epochOf: (tenant: string) => number, rawHeaders: readonly string[]): FenceDecision =>
  fencePassport(epochOf, readPassport(rawHeaders));
