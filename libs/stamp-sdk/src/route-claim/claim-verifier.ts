import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet } from 'jose';
import {
  RouteClaimSchema,
  routeClaimAlgorithm,
  routeClaimAudience,
  routeClaimIssuer,
  routeClaimType,
  type RouteClaim,
} from '@lapidary/contracts/route-claim';
import { VerifiedTokens } from '../verified-tokens.js';

export type ClaimRefusal =
  /** There is none, or more than one. */
  | 'claim_missing'
  /** Not a claim, or not under a key that we know. */
  | 'claim_invalid'
  | 'claim_expired'
  | 'claim_of_other_stamp';

export type ClaimVerdict = { readonly ok: true; readonly claim: RouteClaim } | { readonly ok: false; readonly reason: ClaimRefusal };

/** Public keys of claims, kept current by whoever runs the verifier. */
export interface RouteKeys {
  /** null: none known yet. */
  readonly current: JSONWebKeySet | null;
  /** Looks for newer keys, seldom enough that rubbish can't cause a storm; resolves when that is done. */
  refresh(): Promise<void>;
}

/** Routers and stamps set their clocks by NTP; more would be more time for an old claim. */
const clockToleranceSeconds = 5;
/** A claim is some 500 bytes; more is none. */
const claimBytesMax = 2_048;
/** Some 200 bytes each. */
const cachedMax = 20_000;
/** Longer than any claim lives. */
const cacheTtlMs = 15 * 60_000;

/** Checks claims with what is in memory: control plane and routers may be down (I7). */
export class ClaimVerifier {
  private readonly verified = new VerifiedTokens<RouteClaim>({ max: cachedMax, ttlMs: cacheTtlMs });
  private set: { readonly keys: JSONWebKeySet; readonly find: ReturnType<typeof createLocalJWKSet> } | null = null;

  constructor(
    private readonly keys: RouteKeys,
    private readonly stamp: string,
  ) {}

  async verify(token: string): Promise<ClaimVerdict> {
    if (token.length > claimBytesMax) return { ok: false, reason: 'claim_invalid' };
    this.followKeys();
    const known = this.verified.get(token);
    if (known) return { ok: true, claim: known };
    const verdict = await this.check(token);
    if (verdict !== 'unknown_key') return verdict;
    await this.keys.refresh();
    this.followKeys();
    const again = await this.check(token);
    return again === 'unknown_key' ? { ok: false, reason: 'claim_invalid' } : again;
  }

  /** With other keys, what was believed under the old ones is checked anew: a key is taken away because it leaked. */
  private followKeys(): void {
    const { current } = this.keys;
    if (current === (this.set?.keys ?? null)) return;
    this.set = current && { keys: current, find: createLocalJWKSet(current) };
    this.verified.clear();
  }

  private async check(token: string): Promise<ClaimVerdict | 'unknown_key'> {
    if (this.set === null) return 'unknown_key';
    try {
      const { payload } = await jwtVerify(token, this.set.find, {
        algorithms: [routeClaimAlgorithm],
        typ: routeClaimType,
        issuer: routeClaimIssuer,
        audience: routeClaimAudience(this.stamp),
        requiredClaims: ['exp', 'iat', 'sub'],
        clockTolerance: clockToleranceSeconds,
      });
      const parsed = RouteClaimSchema.safeParse(payload);
      if (!parsed.success || parsed.data.stamp !== this.stamp) return { ok: false, reason: 'claim_invalid' };
      this.verified.put(token, parsed.data, parsed.data.exp * 1000);
      return { ok: true, claim: parsed.data };
    } catch (error) {
      return refusalOf(error);
    }
  }
}

const refusalOf = (error: unknown): ClaimVerdict | 'unknown_key' => {
  if (error instanceof errors.JWKSNoMatchingKey) return 'unknown_key';
  if (error instanceof errors.JWTExpired) return { ok: false, reason: 'claim_expired' };
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') return { ok: false, reason: 'claim_of_other_stamp' };
  return { ok: false, reason: 'claim_invalid' };
};
