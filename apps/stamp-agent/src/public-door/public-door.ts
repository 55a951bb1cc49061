import type { IncomingMessage } from 'node:http';
import { routeClaimHeader, type RouteClaim } from '@lapidary/contracts/route-claim';
import { isTenantId } from '@lapidary/kernel/names';
import type { Passport } from '@lapidary/stamp-sdk/fence';
import { headerValues, saysWhoTheClientIs, type HeaderRules } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import type { ClaimRefusal, ClaimVerifier } from '@lapidary/stamp-sdk/route-claim/claim-verifier';

export type PassportOutcome =
  | { readonly ok: true; readonly passport: Passport; readonly rules: HeaderRules }
  | { readonly ok: false; readonly reason: ClaimRefusal };

/** How a door learns whom a request is for, where it can't believe the headers that routers set. */
export interface PassportOffice {
  passportOf(request: IncomingMessage): Promise<PassportOutcome>;
}

const clientRules = (request: IncomingMessage, proto: string, host: string): HeaderRules => ({
  set: {
    'x-forwarded-for': request.socket.remoteAddress ?? '',
    'x-forwarded-proto': proto,
    'x-forwarded-host': host,
  },
  // The claim is good until its end for whoever reads it, and no business of the workload's.
  drop: (name) => name === routeClaimHeader || saysWhoTheClientIs(name),
});

/** `acme` of `acme.<base domain>`, port and letters' case aside. */
const tenantOfHost = (host: string, baseDomain: string): string | null => {
  const name = host
    .toLowerCase()
    .replace(/:\d{0,5}$/, '')
    .replace(/\.$/, '');
  const label = name.endsWith(`.${baseDomain}`) ? name.slice(0, -baseDomain.length - 1) : '';
  return isTenantId(label) ? label : null;
};

/**
 * The public door's: a claim that a router signed for this stamp. Whatever else a client says of tenant or epoch is dropped. With
 * `hostsBelow`, a request without a claim is for the tenant whose host it names (stamp-aware DNS): such a request brings no epoch, so that
 * it is served wherever the tenant is held (docs/adr/0034).
 */
export class ClaimOffice implements PassportOffice {
  constructor(
    private readonly verifier: ClaimVerifier,
    private readonly hostsBelow: string | null,
  ) {}

  async passportOf(request: IncomingMessage): Promise<PassportOutcome> {
    const claims = headerValues(request.rawHeaders, routeClaimHeader);
    const [token] = claims;
    if (claims.length === 0 && this.hostsBelow !== null) return this.byHost(request, this.hostsBelow);
    if (claims.length !== 1 || token === undefined) return { ok: false, reason: 'claim_missing' };
    const verdict = await this.verifier.verify(token);
    return verdict.ok ? { ok: true, ...byClaim(request, verdict.claim) } : verdict;
  }

  private byHost(request: IncomingMessage, baseDomain: string): PassportOutcome {
    const host = request.headers.host ?? '';
    const tenant = tenantOfHost(host, baseDomain);
    if (tenant === null) return { ok: false, reason: 'claim_missing' };
    return { ok: true, passport: { tenant, epoch: null }, rules: clientRules(request, 'https', host) };
  }
}

const byClaim = (request: IncomingMessage, claim: RouteClaim): { passport: Passport; rules: HeaderRules } => ({
  passport: { tenant: claim.sub, epoch: claim.epoch },
  rules: clientRules(request, new URL(claim.url).protocol.slice(0, -1), claim.host),
});
