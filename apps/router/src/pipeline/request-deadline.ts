import type { PatienceRules } from '../traffic-policy/traffic-policy.js';

/** What has become of a request when its time is over. */
export interface SoFar {
  readonly tenant: string | null;
  readonly stamp: string | null;
  /** Of its body and its answer, since it began. */
  readonly movedBytes: number;
  /** Its answer has begun and has no length, and the client reads what comes: events, a feed. Its end is the stamp's to say. */
  readonly isStream: boolean;
}

/**
 * P-LB3: bounds one request as a whole, from its first byte to the last of its answer, whatever else is tried for it in between.
 * - D1 It is over `patience.ms` after its first byte, or after the last time it was given as long again.
 * - D2 It is given as long again only where it moved `bytesPerSecondMin` on average since, or where its answer is a stream: an upload or a
 *   download that goes on is never cut for its size, and nobody holds a place by a byte now and then.
 * - D3 Whoever is under way asks for nothing: until the shortest patience of all has passed, nobody's own is looked up.
 * A tunnel has no deadline.
 */
export class RequestDeadline {
  /** Never: no request is under way. */
  atMs = Infinity;
  private sinceMs = 0;
  private bytesBefore = 0;

  constructor(private readonly policy: { readonly patience: PatienceRules }) {}

  begin(startedMs: number): void {
    this.sinceMs = startedMs;
    this.bytesBefore = 0;
    this.atMs = startedMs + this.policy.patience.patienceMsMin;
  }

  /** At `atMs` or later: whether it goes on, until the new `atMs`. */
  goesOn({ tenant, stamp, movedBytes, isStream }: SoFar, nowMs: number): boolean {
    const { ms, bytesPerSecondMin } = this.policy.patience.patienceOf(tenant, stamp);
    if (nowMs >= this.sinceMs + ms) {
      const hasMoved = movedBytes - this.bytesBefore >= (bytesPerSecondMin * ms) / 1000;
      if (!isStream && (!hasMoved || movedBytes === this.bytesBefore)) return false;
      this.sinceMs = nowMs;
      this.bytesBefore = movedBytes;
    }
    this.atMs = this.sinceMs + ms;
    return true;
  }
}
