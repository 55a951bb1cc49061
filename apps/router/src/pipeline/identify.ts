import { isIPv4, isIPv6 } from 'node:net';
import { agentHealthPath } from '@lapidary/contracts/workload';
import { dnsLabelLengthMax, isTenantId } from '@lapidary/kernel/names';

/** What a request says about its tenant, as it came. */
export interface RequestAddress {
  /** Value of the Host header; undefined only in HTTP/1.0. */
  readonly host: string | undefined;
  /** Values of the x-tenant header. */
  readonly tenantHeaders: readonly string[];
  /** Path with query. */
  readonly path: string;
}

type RefusalCode = 'invalid_input' | 'unknown_tenant' | 'not_found';

export type IdentifiedBy = 'host' | 'custom host' | 'header' | 'path';

export type Identified =
  | {
      readonly ok: true;
      readonly tenant: string;
      readonly by: IdentifiedBy;
      readonly path: string;
      readonly prefix: string;
      readonly reason: string;
    }
  | { readonly ok: false; readonly code: RefusalCode; readonly reason: string };

export interface IdentifyRules {
  readonly baseDomain: string;
  /** Tenant that claims a host name beside its own one. */
  readonly tenantOfHost: (host: string) => string | undefined;
}

export const tenantHeaderOfClients = 'x-tenant';
const pathPrefix = /^\/t\/([^/?]*)(.*)$/;

/** RFC 1035 §2.3.4, without the final dot. */
const hostLengthMax = 253;
const hostLabel = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const hostWithPort = /^(\[[0-9a-f:.]+\]|[^:[\]]*)(?::\d{0,5})?$/;

export type HostName = { readonly kind: 'name' | 'address' | 'none'; readonly name: string } | { readonly kind: 'rubbish' };

/** Lower case, without port and final dot; rubbish is told apart from what is merely unknown. */
export const parseHost = (host: string | undefined): HostName => {
  if (host === undefined || host === '') return { kind: 'none', name: '' };
  const name = hostWithPort.exec(host.toLowerCase())?.[1]?.replace(/\.$/, '');
  if (name === undefined || name === '' || name.length > hostLengthMax) return { kind: 'rubbish' };
  if (name.startsWith('[')) return isIPv6(name.slice(1, -1)) ? { kind: 'address', name } : { kind: 'rubbish' };
  if (isIPv4(name)) return { kind: 'address', name };
  const isName = name.split('.').every((label) => label.length <= dnsLabelLengthMax && hostLabel.test(label));
  return isName ? { kind: 'name', name } : { kind: 'rubbish' };
};

const identified = (tenant: string, by: IdentifiedBy, path: string, prefix = ''): Identified => ({
  ok: true,
  tenant,
  by,
  path,
  prefix,
  reason: `tenant "${tenant}" by ${by}`,
});
const refused = (code: RefusalCode, reason: string): Identified => ({ ok: false, code, reason });

const byHost = (name: string, path: string, rules: IdentifyRules): Identified | null => {
  const suffix = `.${rules.baseDomain}`;
  if (name.endsWith(suffix)) {
    const label = name.slice(0, -suffix.length);
    if (isTenantId(label)) return identified(label, 'host', path);
  }
  const tenant = rules.tenantOfHost(name);
  if (tenant !== undefined) return identified(tenant, 'custom host', path);
  // A name below the base domain means a tenant and nothing else: no falling back to what the client may choose freely.
  return name.endsWith(suffix) ? refused('unknown_tenant', `"${name}" is no tenant's host`) : null;
};

const byHeader = (values: readonly string[], path: string): Identified | null => {
  if (values.length === 0) return null;
  const [tenant] = values;
  if (values.length > 1 || tenant === undefined || !isTenantId(tenant))
    return refused('invalid_input', `the header ${tenantHeaderOfClients} must be one tenant id`);
  return identified(tenant, 'header', path);
};

const byPath = (path: string): Identified | null => {
  const [, tenant, rest] = pathPrefix.exec(path) ?? [];
  if (tenant === undefined || rest === undefined || !isTenantId(tenant)) return null;
  return identified(tenant, 'path', rest.startsWith('/') ? rest : `/${rest}`, `/t/${tenant}`);
};

/** The stamp agent's own paths are for the platform, not for tenants' clients. */
const internalPaths = agentHealthPath.slice(0, agentHealthPath.indexOf('/', 1) + 1);
const keepInternalsInside = (found: Identified): Identified =>
  found.ok && found.path.startsWith(internalPaths) ? refused('not_found', `${internalPaths} is not reachable from outside`) : found;

/**
 * Which tenant a request is for: `<tenant>.<base domain>`, else a host name that a tenant claims, else the header
 * x-tenant, else the path /t/<tenant>/…, whose prefix is taken off. The first that says something decides: a tenant's
 * host can't be overruled by a header or a path.
 */
export const identify = (address: RequestAddress, rules: IdentifyRules): Identified => {
  const host = parseHost(address.host);
  if (host.kind === 'rubbish') return refused('invalid_input', 'the Host header is not a host name');
  const found =
    (host.kind === 'name' ? byHost(host.name, address.path, rules) : null) ??
    byHeader(address.tenantHeaders, address.path) ??
    byPath(address.path);
  return found
    ? keepInternalsInside(found)
    : refused(
        'unknown_tenant',
        host.kind === 'none' ? 'no Host, no x-tenant header and no /t/<tenant>/ path' : `"${host.name}" is no tenant's host`,
      );
};
