import type { Place, PlaceKind } from '../across-workers/place.js';
import type { PolicyState } from '../across-workers/policy-state.js';

export interface TunnelRules {
  readonly tunnelsMax: number;
  readonly tenantTunnelsMax: number;
}

/**
 * Open tunnels of stamps and tenants, over all workers (L1, L2). A compartment of their own: a tunnel is idle for hours and ends when it likes, so that in the places
 * of requests a tenant's chat windows would keep its own requests out, and all tenants' those of the stamp.
 */
export class TunnelPlaces {
  /** Of which this worker has at least one. */
  private readonly places = new Map<string, Place>();

  constructor(private readonly state: Pick<PolicyState, 'place'>) {}

  /** What gives both places back, to be called once; or whose are all taken. */
  enter(tenant: string, stamp: string, { tunnelsMax, tenantTunnelsMax }: TunnelRules): (() => void) | 'tenant' | 'stamp' {
    if (!this.take('tenant_tunnels', tenant, tenantTunnelsMax)) return 'tenant';
    if (!this.take('stamp_tunnels', stamp, tunnelsMax)) {
      this.leave('tenant_tunnels', tenant);
      return 'stamp';
    }
    return () => {
      this.leave('tenant_tunnels', tenant);
      this.leave('stamp_tunnels', stamp);
    };
  }

  private take(kind: PlaceKind, key: string, max: number): boolean {
    const name = `${kind} ${key}`;
    const place = this.places.get(name) ?? this.state.place(kind, key);
    if (!place.enter(max)) return false;
    this.places.set(name, place);
    return true;
  }

  private leave(kind: PlaceKind, key: string): void {
    const name = `${kind} ${key}`;
    const place = this.places.get(name);
    place?.leave();
    if (place?.ours === 0) this.places.delete(name);
  }
}
