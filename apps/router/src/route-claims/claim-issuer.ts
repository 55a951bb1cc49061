import { SignJWT } from 'jose';
import {
  routeClaimAlgorithm,
  routeClaimAudience,
  routeClaimIssuer,
  routeClaimType,
  type RouteClaim,
} from '@lapidary/contracts/route-claim';
import type { ClaimKeys } from './claim-keys.js';

export interface ClaimSubject {
  readonly tenant: string;
  readonly stamp: string;
  readonly epoch: number;
  readonly url: string;
  readonly host: string;
}

export interface IssuedClaim {
  readonly claim: string;
  readonly lifetimeMs: number;
}

/** One claim of some 500 bytes each. */
const cachedMax = 10_000;
/** A claim is given out again while this much of its life is left: a crowd of clients of one tenant costs one signature. */
const shareLeftMin = 0.75;

interface Cached {
  readonly claim: Promise<string>;
  readonly expiresAtMs: number;
}

/** Signs claims, and gives a fresh one to everybody who asks at the same time. */
export class ClaimIssuer {
  private readonly cached = new Map<string, Cached>();

  constructor(
    private readonly keys: () => ClaimKeys,
    private readonly lifetimeMs: number,
    private readonly nowMs: () => number = Date.now,
  ) {}

  async issue(subject: ClaimSubject): Promise<IssuedClaim> {
    const { kid } = this.keys();
    const now = this.nowMs();
    // All of it: a move, a new door and a new key each make another claim.
    const key = JSON.stringify([kid, subject.tenant, subject.stamp, subject.epoch, subject.url]);
    const known = this.cached.get(key);
    // A clock that was set back would make claims live longer.
    const isFresh =
      known !== undefined && known.expiresAtMs - now > this.lifetimeMs * shareLeftMin && known.expiresAtMs - now <= this.lifetimeMs;
    const { claim, expiresAtMs } = isFresh ? known : this.sign(key, subject, now);
    return { claim: await claim, lifetimeMs: expiresAtMs - now };
  }

  private sign(key: string, { tenant, stamp, epoch, url, host }: ClaimSubject, now: number): Cached {
    const { kid, signingKey } = this.keys();
    const iat = Math.floor(now / 1000);
    const exp = iat + Math.floor(this.lifetimeMs / 1000);
    const body = { iss: routeClaimIssuer, sub: tenant, aud: routeClaimAudience(stamp), stamp, epoch, url, host, iat, exp };
    const claim = new SignJWT(body satisfies { [K in keyof RouteClaim]: unknown })
      .setProtectedHeader({ alg: routeClaimAlgorithm, kid, typ: routeClaimType })
      .sign(signingKey);
    const made = { claim, expiresAtMs: exp * 1000 };
    this.cached.delete(key);
    this.cached.set(key, made);
    // A map keeps its order: the first is the oldest.
    if (this.cached.size > cachedMax) this.cached.delete(this.cached.keys().next().value!);
    claim.catch(() => this.cached.delete(key));
    return made;
  }
}
