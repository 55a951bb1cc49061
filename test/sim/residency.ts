import { allowsRegion } from '@lapidary/control-plane/placement/rules/residency';
import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import type { MemoryDatabase, OutboxEvent } from './memory-collections.ts';

/** The one tenant of the worlds whose documents may not be everywhere (I3). Its home region decides where. */
export const guest = 'guest';
export const guestHome = 'eu';
export const firstResidency: readonly string[] = ['eu', 'us'];
/** What it is widened to, as people do it: by a name more, or to everywhere. */
export const widerResidencies: readonly (readonly string[])[] = [['ap', 'eu', 'us'], []];

export const isGuests = (event: OutboxEvent): boolean =>
  event.type === 'lapidary.document.changed.v1' && (event.data as DocumentChanged).tenant === guest;

export const mayHold = ({ residency }: MemoryDatabase, region: string): boolean => allowsRegion(residency, region, region);

/** As an event goes out to everybody: a change of who has a residency is a place in the sequence and nothing more. */
export const toldToAll = <E extends OutboxEvent>(event: E, { residency }: MemoryDatabase): E =>
  isGuests(event) && residency.length > 0 ? { ...event, type: 'lapidary.document.withheld.v1', data: { tenant: guest } } : event;

/** Whether an event shows a region contents that it may not have, by what the home region has decided at this moment. */
export const showsTooMuch = (event: OutboxEvent, to: string, home: MemoryDatabase): boolean => isGuests(event) && !mayHold(home, to);
