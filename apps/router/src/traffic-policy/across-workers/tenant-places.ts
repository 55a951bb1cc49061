import type { Place } from './place.js';
import { idleKeptMax, Round, stepsPerNew } from '../round.js';
import type { PolicyState } from './policy-state.js';

/** Places that tenants hold. */
export class TenantPlaces {
  private readonly places = new Map<string, Place>();
  private readonly round = new Round(this.places);
  /** The one asked for last: who is admitted is asked for twice. */
  private lastTenant = '';
  private last: Place | null = null;

  constructor(private readonly state: PolicyState) {}

  of(tenant: string): Place {
    if (this.last !== null && tenant === this.lastTenant) return this.last;
    const place = this.places.get(tenant) ?? this.another(tenant);
    this.lastTenant = tenant;
    this.last = place;
    return place;
  }

  leave(tenant: string): void {
    this.places.get(tenant)?.leave();
  }

  get size(): number {
    return this.places.size;
  }

  /** Looks at the next `steps` tenants of the round, and forgets those with nothing under way. */
  sweep(steps: number): void {
    this.last = null;
    for (let i = 0; i < steps; i += 1) {
      const next = this.round.next();
      if (next === undefined) return;
      const [tenant, place] = next;
      if (place.ours === 0) this.places.delete(tenant);
    }
  }

  private another(tenant: string): Place {
    if (this.places.size >= idleKeptMax) this.sweep(stepsPerNew);
    const made = this.state.place('tenant', tenant);
    this.places.set(tenant, made);
    return made;
  }
}
