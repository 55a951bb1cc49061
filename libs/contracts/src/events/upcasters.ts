import type { EventEnvelope } from './envelope.js';
import { TypeVersions, type Upcaster } from '../schemas/type-versions.js';
import { surelyFits } from './plain-change.js';
import { eventSchemas } from './registry.js';

/** Version 1 named the kinds of drift of its day; version 2 leaves them open, so each of version 1 is one of version 2 already. */
const kindsAreOpen = (from: keyof typeof eventSchemas): Upcaster => ({
  from,
  change: 'kinds of drift are any word, no longer one of a list',
  upcast: (data) => data,
});

/** From each older version of an event to the next. How to add one: docs/contributing/change-an-event-type.md */
export const eventUpcasters: readonly Upcaster[] = [
  kindsAreOpen('lapidary.drift.found.v1'),
  kindsAreOpen('lapidary.drift.resolved.v1'),
  kindsAreOpen('lapidary.drift.suppressed.v1'),
  kindsAreOpen('lapidary.drift.unsuppressed.v1'),
];

/** How this code reads events of any version that may still be in an outbox, a stream or a dead letter. */
export const eventVersions = new TypeVersions(eventSchemas, eventUpcasters, surelyFits);

/** For readers who need no check: the event in the newest version of its type, as it came where this code has none. */
export const newestEvent = (event: EventEnvelope): EventEnvelope => {
  const newest = eventVersions.newestOf(event.type);
  if (newest === undefined || newest === event.type) return event;
  const read = eventVersions.read(event.type, event.data);
  return read.ok ? { ...event, type: read.type, data: read.data } : event;
};
