import type { Place } from './place.js';
import type { PolicyState } from './policy-state.js';

/** Those with nothing under way are forgotten when there are so many more than were busy the last time. */
const idleMax = 4096;

/** Places that tenants hold; only those with some are remembered for long. */
export class TenantPlaces {
  private readonly places = new Map<string, Place>();
  private sizeMax = idleMax;

  constructor(private readonly state: PolicyState) {}

  of(tenant: string): Place {
    const known = this.places.get(tenant);
    if (known) return known;
    if (this.places.size >= this.sizeMax) this.forgetIdle();
    const made = this.state.place('tenant', tenant);
    this.places.set(tenant, made);
    return made;
  }

  leave(tenant: string): void {
    this.places.get(tenant)?.leave();
  }

  get size(): number {
    return this.places.size;
  }

  forgetIdle(): void {
    for (const [tenant, place] of this.places) if (place.ours === 0) this.places.delete(tenant);
    this.sizeMax = this.places.size + idleMax;
  }
}
