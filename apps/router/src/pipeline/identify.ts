import { isIPv4, isIPv6 } from 'node:net';
import { agentHealthPath } from '@lapidary/contracts/workload';
import { dnsLabelLengthMax, isTenantId } from '@lapidary/kernel/names';
import { chooseRule, hostIsNobodys, usualOrder, type IdentifyRule, type IdentifySource } from './identify-order.js';

/** What the request's token says, checked before this is asked. `unchecked`: that was not possible now. */
export type TokenFacts =
  | { readonly kind: 'none' }
  | { readonly kind: 'verified'; readonly tenant: string }
  | { readonly kind: 'invalid' | 'unchecked'; readonly reason: string };

/** What a request says about its tenant, as it came. */
export interface RequestAddress {
  /** Value of the Host header; undefined only in HTTP/1.0. */
  readonly host: string | undefined;
  /** Values of the x-tenant header. */
  readonly tenantHeaders: readonly string[];
  /** Path with query. */
  readonly path: string;
  /** Left out where no rule asks for it. */
  readonly token?: TokenFacts;
}

type RefusalCode = 'invalid_input' | 'unknown_tenant' | 'not_found' | 'token_invalid' | 'token_unchecked' | 'tenant_mismatch';

export type IdentifiedBy = 'host' | 'custom host' | 'header' | 'path' | 'token';

export type Identified =
  | {
      readonly ok: true;
      readonly tenant: string;
      readonly by: IdentifiedBy;
      readonly path: string;
      readonly prefix: string;
      readonly reason: string;
    }
  | {
      readonly ok: false;
      readonly code: RefusalCode;
      readonly reason: string;
      readonly retryAfterSeconds?: number;
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface IdentifyRules {
  readonly baseDomain: string;
  /** Tenant that claims a host name beside its own one. */
  readonly tenantOfHost: (host: string) => string | undefined;
  /** Where to look, by host and path; the usual order where none matches. */
  readonly rules?: readonly IdentifyRule[];
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

/** A check takes milliseconds; keys that are missing may take longer, but who asks in a second costs next to nothing. */
const uncheckedRetrySeconds = 1;
/** RFC 6750 §3: what a client is told beside a 401. */
const challenge = (error: string): Record<string, string> => ({ 'www-authenticate': `Bearer${error}` });

const byToken = (token: TokenFacts, path: string): Identified | null => {
  switch (token.kind) {
    case 'none':
      return null;
    case 'verified':
      return identified(token.tenant, 'token', path);
    case 'invalid':
      return { ok: false, code: 'token_invalid', reason: token.reason, headers: challenge(' error="invalid_token"') };
    case 'unchecked':
      return { ok: false, code: 'token_unchecked', reason: token.reason, retryAfterSeconds: uncheckedRetrySeconds };
  }
};

/** Rules may have changed while a token was checked for the old ones: fails closed. */
const notAsked: TokenFacts = { kind: 'unchecked', reason: 'the token has not been checked' };

interface Said {
  readonly source: IdentifySource;
  readonly found: Identified;
}

/**
 * What each source says, in the order asked. Where tokens are asked for, a token that is there must be good, and nothing may say another tenant
 * than it does, wherever in the order it stands; the host is heard too, unless the rule says that it is nobody's.
 */
const bySaid = (said: readonly Said[], ofHost: Identified | null): Identified | null => {
  const token = said.find(({ source }) => source === 'token')?.found;
  if (token?.ok === false) return token;
  const [first] = said;
  if (!token || !first) return first?.found ?? null;
  const others = [...said.map(({ found }) => found), ...(ofHost ? [ofHost] : [])];
  for (const other of others) {
    if (!other.ok) return other;
    if (other.tenant !== token.tenant)
      return refused('tenant_mismatch', `the token is for tenant "${token.tenant}", and by ${other.by} it is "${other.tenant}"`);
  }
  return first.found;
};

const ofRule = (rule: IdentifyRule | null): string => (rule ? `, by the rule for ${rule.host}${rule.path}: ${rule.order.join(', ')}` : '');

const nobody = (host: HostName, rule: IdentifyRule | null): Identified => {
  const order = rule?.order ?? usualOrder;
  if (order.includes('token'))
    return {
      ok: false,
      code: 'token_invalid',
      reason: `there is no token, and nothing else names a tenant${ofRule(rule)}`,
      headers: challenge(''),
    };
  return refused(
    'unknown_tenant',
    host.kind === 'none'
      ? `no Host, no ${tenantHeaderOfClients} header and no /t/<tenant>/ path`
      : `"${host.kind === 'rubbish' ? '' : host.name}" is no tenant's host${ofRule(rule)}`,
  );
};

/**
 * Which tenant a request is for: `<tenant>.<base domain>` or a host name that a tenant claims, else the header x-tenant, else the path
 * /t/<tenant>/…, whose prefix is taken off; or by the order of the rule for its host and path. The first that says something decides: a tenant's
 * host can't be overruled by a header or a path.
 */
export const identify = (address: RequestAddress, rules: IdentifyRules): Identified => {
  const { path, tenantHeaders, token = notAsked } = address;
  const host = parseHost(address.host);
  if (host.kind === 'rubbish') return refused('invalid_input', 'the Host header is not a host name');
  const rule = chooseRule(rules.rules ?? [], host.name, path);
  if (rule === 'ambiguous') return refused('invalid_input', 'the path can be read in two ways, and rules go by it');
  const ofHost = host.kind === 'name' && !(rule && hostIsNobodys(rule)) ? byHost(host.name, path, rules) : null;
  const look: Readonly<Record<IdentifySource, () => Identified | null>> = {
    host: () => ofHost,
    header: () => byHeader(tenantHeaders, path),
    path: () => byPath(path),
    token: () => byToken(token, path),
  };
  const asksToken = rule?.order.includes('token') === true;
  const said: Said[] = [];
  for (const source of rule?.order ?? usualOrder) {
    const found = look[source]();
    if (found) said.push({ source, found });
    if (found && !asksToken) break;
  }
  const found = bySaid(said, asksToken ? ofHost : null);
  if (!found) return nobody(host, rule);
  return keepInternalsInside(found.ok && rule ? { ...found, reason: found.reason + ofRule(rule) } : found);
};
