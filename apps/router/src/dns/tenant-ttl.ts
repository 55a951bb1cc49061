import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';

/** What was just changed may change again; resolvers ask every few seconds, which costs an answer from memory. */
export const ttlMinSeconds = 5;
/** The usual guess for caches (RFC 9111 §4.2.2): what has stood for a while stands a tenth of that while longer. */
const shareOfAge = 0.1;

export interface TtlFacts {
  readonly tenant: TenantRoute;
  readonly stamp: StampRoute | undefined;
  /** When the tenant's entry was committed, milliseconds since the epoch. */
  readonly changedAtMs: number;
  readonly nowMs: number;
  /** Whether this router hears of changes at the moment. */
  readonly isLive: boolean;
  readonly ttlMaxSeconds: number;
}

/**
 * How long a resolver may keep what it is told of a tenant, in seconds: from `ttlMinSeconds` after a change, growing with
 * the entry's age, to `ttlMaxSeconds`. The least while anything is unsettled: not placed, stamp not active, or a directory that may be
 * out of date already. A client that goes by an outdated answer is refused by the stamp (I4), so this bounds how long it is refused.
 */
export const tenantTtlSeconds = ({ tenant, stamp, changedAtMs, nowMs, isLive, ttlMaxSeconds }: TtlFacts): number => {
  if (!isLive || tenant.status !== 'placed' || stamp?.status !== 'active') return ttlMinSeconds;
  const ageSeconds = Math.max(0, nowMs - changedAtMs) / 1000;
  return Math.max(ttlMinSeconds, Math.min(ttlMaxSeconds, Math.floor(ageSeconds * shareOfAge)));
};
