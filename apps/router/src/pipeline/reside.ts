import type { TenantRoute } from '@lapidary/contracts/directory';

/** Where this router is, and where it sends whom it must not serve. */
export interface RouterPlace {
  readonly region: string;
  /** "" where it is not told: then only tenants that name the region are at home here. */
  readonly jurisdiction: string;
  /** By region or jurisdiction: base of the routers inside, `{tenant}` filled in; the request's path follows it. */
  readonly strictRedirects: Readonly<Record<string, string>>;
}

export type Resided =
  | { readonly ok: true; readonly reason: string }
  | {
      readonly ok: false;
      readonly code: 'outside_jurisdiction';
      readonly reason: string;
      readonly status: 307 | 308 | undefined;
      readonly headers: Readonly<Record<string, string>>;
    };

const inside: Resided = { ok: true, reason: 'any router may read its requests' };

/** Methods that a client repeats elsewhere without asking: told that it is for good. Others are told that it is for now. */
const redirectStatus = (method: string): 307 | 308 => (method === 'GET' || method === 'HEAD' ? 308 : 307);

/**
 * Whether this router may read requests of the tenant at all (I3): for a tenant that is strict about its residency one outside
 * reads nothing of a body but what came together with its head. It names a router inside, with the method kept, where one is configured; else it closes.
 */
export const reside = (tenant: TenantRoute, place: RouterPlace, method: string, path: string): Resided => {
  const { strictIn } = tenant;
  if (strictIn === undefined) return inside;
  const allowed = strictIn.join(', ');
  if (strictIn.includes(place.region) || (place.jurisdiction !== '' && strictIn.includes(place.jurisdiction))) {
    return { ok: true, reason: `strict residency [${allowed}] allows this router` };
  }
  const base = strictIn.map((name) => place.strictRedirects[name]).find((url) => url !== undefined);
  const reason = `strict residency [${allowed}] allows no router in ${place.region}`;
  if (base === undefined) return { ok: false, code: 'outside_jurisdiction', reason, status: undefined, headers: {} };
  const location = `${base.replaceAll('{tenant}', tenant.tenant).replace(/\/$/, '')}${path}`;
  return { ok: false, code: 'outside_jurisdiction', reason, status: redirectStatus(method), headers: { location } };
};
