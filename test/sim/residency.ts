import { allowsRegion } from '@lapidary/control-plane/placement/rules/residency';
import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';

/** The one tenant of the worlds whose documents may not be everywhere (I3). Its home region decides where. */
export const guest = 'guest';
export const guestHome = 'eu';
export const firstResidency: Residency = { version: 1, regions: ['eu', 'us'] };
/** A row of the home region's, like a tenant's: the greater version is the newer. */
export interface Residency {
  readonly version: number;
  readonly regions: readonly string[];
}
/** Whatever knows of it. */
interface Knows {
  readonly residency: Residency;
}
/** As much of an event as says whose it is. */
interface Told {
  readonly type: string;
  readonly data: unknown;
}
/** What it is widened to, as people do it: by a name more, or to everywhere. */
export const widerResidencies: readonly (readonly string[])[] = [['ap', 'eu', 'us'], []];

export const isGuests = (event: Told): boolean =>
  event.type === 'lapidary.document.changed.v1' && (event.data as DocumentChanged).tenant === guest;

/** What the home region has decided last, as far as anybody still knows. */
export const newestResidency = (regions: Iterable<{ readonly database: Knows }>): Knows =>
  [...regions].map(({ database }) => database).reduce((a, b) => (b.residency.version > a.residency.version ? b : a));

export const mayHold = ({ residency }: Knows, region: string): boolean => allowsRegion(residency.regions, region, region);

/** As an event goes out to everybody: a change of who has a residency is a place in the sequence and nothing more. */
export const toldToAll = <E extends Told>(event: E, { residency }: Knows): E =>
  isGuests(event) && residency.regions.length > 0 ? { ...event, type: 'lapidary.document.withheld.v1', data: { tenant: guest } } : event;

/** Whether an event shows a region contents that it may not have, by what the home region has decided at this moment. */
export const showsTooMuch = (event: Told, to: string, home: Knows): boolean => isGuests(event) && !mayHold(home, to);

/** Whatever has a log. */
interface Tells extends Knows {
  readonly epoch: number;
  readonly outbox: { readonly id: string; readonly type: string; readonly subject: string; readonly data: unknown }[];
}

/** As a tenant’s row, which the newest event of it stands for. */
export const tellResidency = (database: Tells, region: string): void =>
  void database.outbox.push({
    id: `${region}-residency-${database.epoch}-${database.outbox.length}-${database.residency.version}`,
    type: 'sim.residency',
    subject: '',
    data: database.residency,
  });
