import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';

/** What the pipeline reads of the directory. */
export interface DirectoryView {
  readonly isLoaded: boolean;
  /** It is a copy of some time ago, which is being compared: a tenant that it lacks may exist. */
  readonly mayLack: boolean;
  /** Grows with every change of what the other members answer: what was concluded at an older version is concluded anew. */
  readonly version: number;
  tenant(id: string): TenantRoute | undefined;
  stamp(name: string): StampRoute | undefined;
  tenantOfHost(host: string): string | undefined;
}

/** A directory that says of one tenant at a time whether anything has changed. */
export interface VersionedDirectory extends DirectoryView {
  /** Where the changes of a tenant are counted, with those of some others, in the directory as it is now. */
  placeOf(tenant: string): number;
  /**
   * Changes, and never comes back to what it was, with every change of what is answered about a tenant of this place, its stamp or its hosts, also by another
   * table; stands still while only others change. Counted behind the change: what was concluded before it was read may be newer, never older.
   */
  versionAt(place: number): number;
  /** The part of versionAt that counts changes which may concern any tenant: of a stamp, of who has which host, another table. */
  readonly wideVersion: number;
  /** What a tenant's routes are decided by, as of now, without making anything of it; false where there is no such tenant. Comparable while wideVersion stands. */
  glance(tenant: string, into: TenantGlance): boolean;
}

/** All of a tenant's entry that a decision about it depends on beside its hosts. */
export interface TenantGlance {
  /** Status, stamp, and whether it is frozen. */
  head: number;
  /** Region and residency. */
  home: number;
  epoch: number;
}

export type Located =
  | { readonly ok: true; readonly tenant: TenantRoute; readonly stamp: StampRoute | undefined; readonly reason: string }
  | { readonly ok: false; readonly code: 'unknown_tenant'; readonly reason: string };

/** Looks the tenant and its stamp up in memory; nothing is asked of anybody on the request path (P-LB2). */
export const locate = (id: string, directory: DirectoryView): Located => {
  const tenant = directory.tenant(id);
  if (!tenant) return { ok: false, code: 'unknown_tenant', reason: `the directory has no tenant "${id}"` };
  if (tenant.stamp === null) return { ok: true, tenant, stamp: undefined, reason: `"${id}" is on no stamp` };
  return { ok: true, tenant, stamp: directory.stamp(tenant.stamp), reason: `"${id}" is on ${tenant.stamp} at epoch ${tenant.epoch}` };
};
