import type { StampRoom, WaitingTenant } from './facts.js';

export interface Demand {
  /** Waiting for room that is not there. */
  readonly unfit: readonly WaitingTenant[];
  /** Would not fit on a new stamp either. */
  readonly tooLarge: readonly WaitingTenant[];
}

/** A stamp that tenants are placed on. Its health is left out: a silent stamp is an incident, not a want of room (P-HB5). */
export const takesTenants = (stamp: StampRoom): boolean => stamp.status === 'active' && !stamp.cordoned;

const roomOf = (stamp: StampRoom): number =>
  stamp.isolation === 'dedicated' && stamp.tenants > 0 ? 0 : stamp.capacityUnits - stamp.takenUnits;

/**
 * Which of the waiting tenants of one tier find no room on the stamps there are: the largest first, each where most is
 * free. Tenants that only wait for the next sweep are no demand, or each of them would call for a stamp.
 */
export const demandOf = (stamps: readonly StampRoom[], waiting: readonly WaitingTenant[], newUnits: number): Demand => {
  const rooms = stamps.filter(takesTenants).map((s) => ({ free: roomOf(s), dedicated: s.isolation === 'dedicated' }));
  const unfit: WaitingTenant[] = [];
  const tooLarge: WaitingTenant[] = [];
  for (const tenant of [...waiting].sort((a, b) => b.units - a.units || (a.id < b.id ? -1 : 1))) {
    const room = rooms.reduce<(typeof rooms)[number] | undefined>((best, r) => (r.free > (best?.free ?? -1) ? r : best), undefined);
    if (room && room.free >= tenant.units) room.free = room.dedicated ? 0 : room.free - tenant.units;
    else if (tenant.units > newUnits) tooLarge.push(tenant);
    else unfit.push(tenant);
  }
  return { unfit, tooLarge };
};
