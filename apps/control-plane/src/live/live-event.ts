import { LiveEventSchema, type LiveEvent } from '@lapidary/contracts/api/system';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { newestEvent } from '@lapidary/contracts/events/upcasters';
import { liveEvents } from '@lapidary/contracts/subjects';
import { quoted } from '@lapidary/kernel/json-text';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { z } from 'zod';

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

/** The same as JSON: of changes of documents, which come in great numbers, put together from what is known of them. */
export const liveText = (event: EventEnvelope): string => {
  const { type, subject, time, originregion, originepoch, originsequence, data } = event;
  const { collection, tenant, id, kind } = data;
  if (type !== 'lapidary.document.changed.v1' || ![collection, tenant, id, kind].every((part) => typeof part === 'string'))
    return JSON.stringify(toLiveEvent(event));
  const head = `{"id":${quoted(`${originregion}-${originepoch}-${originsequence}`)},"region":${quoted(originregion)},"type":"${type}"`;
  const told = `"collection":${quoted(collection as string)},"tenant":${quoted(tenant as string)},"id":${quoted(id as string)},"kind":${quoted(kind as string)}`;
  return `${head},"subject":${quoted(subject)},"at":${quoted(time)},"data":{${told}}}`;
};

/** What goes over the region's NATS: one event, or several that became known at once. */
export const LiveMessageSchema = z.union([LiveEventSchema, z.array(LiveEventSchema)]);

/** A quarter of what NATS takes at most; one event may be larger. */
const messageCharactersMax = 256 * 1024;

/** To every console of the region, best effort: a console that misses some reads again. */
export const publishLive = (nats: NatsLink, region: string, events: readonly EventEnvelope[]): void => {
  if (!nats.isConnected) return;
  let open: string[] = [];
  let characters = 0;
  const send = (): void => {
    if (open.length > 0) nats.publishJsonTexts(liveEvents(region), open);
    open = [];
    characters = 0;
  };
  for (const event of events) {
    const text = liveText(newestEvent(event));
    if (characters + text.length > messageCharactersMax) send();
    open.push(text);
    characters += text.length;
  }
  send();
};
