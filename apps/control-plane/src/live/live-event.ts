import type { LiveEvent } from '@lapidary/contracts/api/system';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { liveEvents } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';

/** Contents of documents are for who may read that document, at its own address: whoever listens here learns that it has changed. */
const shownData = ({ type, data }: EventEnvelope): LiveEvent['data'] =>
  type === 'lapidary.document.changed.v1'
    ? { collection: data['collection'], tenant: data['tenant'], id: data['id'], kind: data['kind'] }
    : data;

/** An event as consoles get it; its id is the same in every region. */
export const toLiveEvent = (event: EventEnvelope): LiveEvent => ({
  id: `${event.originregion}-${event.originepoch}-${event.originsequence}`,
  region: event.originregion,
  type: event.type,
  subject: event.subject,
  at: event.time,
  data: shownData(event),
});

/** To every console of the region, best effort: a console that misses some reads again. */
export const publishLive = (nats: NatsLink, region: string, events: readonly EventEnvelope[]): void => {
  if (!nats.isConnected) return;
  for (const event of events) nats.publishJson(liveEvents(region), toLiveEvent(event));
};
