import { stampKey, tenantKey, type RouteBody, type StampRoute, type TenantRoute } from '@lapidary/contracts/directory';
import { isHeldUp, residencyLabel, strictResidency } from '@lapidary/contracts/tenant-labels';
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

/** What routers are told by a tenant's labels: I3, where it has a residency to be strict about, and that nobody is to forward (docs/adr/0061). */
export const routeByLabels = (
  labels: Readonly<Record<string, string>>,
  residency: readonly string[],
): Pick<TenantRoute, 'strictIn' | 'frozen'> => ({
  ...(labels[residencyLabel] === strictResidency && residency.length > 0 ? { strictIn: [...residency] } : {}),
  ...(isHeldUp(labels, Date.now()) ? { frozen: true } : {}),
});

/** The entry as routers are told it, without the freeze that is over; all else of it stays. */
export const forgetFreeze = async (tx: Tx, tenant: string): Promise<void> => {
  await tx.query(
    `WITH written AS (
       UPDATE directory_entry SET body = body - 'frozen', cursor = NULL, committed_at = clock_timestamp() WHERE key = $1 AND body ? 'frozen')
     SELECT pg_notify($2, '')`,
    [tenantKey(tenant), directoryChannel],
  );
};

export const recordStampRoute = async (tx: Tx, route: StampRoute): Promise<void> => recordRoute(tx, stampKey(route.stamp), route, null);
