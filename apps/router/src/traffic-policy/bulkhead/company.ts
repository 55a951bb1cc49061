/** As long as doors remember attempts. A tenant whose requests are rarer is not spared much by being counted as company. */
const rememberedMs = 10_000;

/**
 * Which failures at a stamp are believed to be the stamp's, where they may be one tenant's own doing: while others are there, those that follow
 * another tenant's failure; all of a tenant that is alone there, since nobody else can suffer from it.
 */
export class Company {
  private lastMet = '';
  private sharedUntilMs = 0;
  private lastFailed = '';

  /** On the hot path: a request of this tenant has ended. */
  met(tenant: string, nowMs: number): void {
    if (tenant === this.lastMet) return;
    if (this.lastMet !== '') this.sharedUntilMs = nowMs + rememberedMs;
    this.lastMet = tenant;
  }

  /** Whether this failure counts. */
  bearsOut(tenant: string, nowMs: number): boolean {
    const isAnother = tenant !== this.lastFailed;
    this.lastFailed = tenant;
    return isAnother || nowMs >= this.sharedUntilMs;
  }
}
