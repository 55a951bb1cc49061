import { stampKey, tenantKey, type RouteBody, type StampRoute, type TenantRoute } from '@lapidary/contracts/directory';
import type { Tx } from '@lapidary/db/transaction';

/** The directory publisher listens here, with a timer beside it. */
export const directoryChannel = 'lapidary_directory';

/**
 * Keeps the router's table in the same transaction as the placement or stamp it mirrors. The cursor is taken away and
 * given anew by the publisher, in commit order; equal bodies leave the row alone. The publisher is woken all the same: ON
 * CONFLICT locks the row even where it changes nothing, and an entry that the publisher met locked it has passed over.
 */
const recordRoute = async (tx: Tx, key: string, body: RouteBody, holder: string | null): Promise<void> => {
  await tx.query(
    `WITH written AS (
       INSERT INTO directory_entry AS d (key, body, stamp, committed_at) VALUES ($1, $2::jsonb, $3, clock_timestamp())
       ON CONFLICT (key) DO UPDATE
         SET body = excluded.body,
             previous_stamp = CASE WHEN d.stamp IS DISTINCT FROM excluded.stamp THEN d.stamp ELSE d.previous_stamp END,
             stamp = excluded.stamp,
             cursor = NULL,
             committed_at = excluded.committed_at
         WHERE d.body IS DISTINCT FROM excluded.body OR d.stamp IS DISTINCT FROM excluded.stamp
     )
     SELECT pg_notify($4, '')`,
    [key, JSON.stringify(body), holder, directoryChannel],
  );
};

/** `holder` is the stamp of this region that must hold the tenant now; null where none does. */
export const recordTenantRoute = async (tx: Tx, route: TenantRoute, holder: string | null): Promise<void> =>
  recordRoute(tx, tenantKey(route.tenant), route, holder);

/** Label by which a tenant is strict: routers outside of its residency too must not read its requests. */
const residencyLabel = 'residency';

/** What routers are told of that (I3). Without a residency there is nothing to be strict about. */
export const strictIn = (labels: Readonly<Record<string, string>>, residency: readonly string[]): Pick<TenantRoute, 'strictIn'> =>
  labels[residencyLabel] === 'strict' && residency.length > 0 ? { strictIn: [...residency] } : {};

export const recordStampRoute = async (tx: Tx, route: StampRoute): Promise<void> => recordRoute(tx, stampKey(route.stamp), route, null);
