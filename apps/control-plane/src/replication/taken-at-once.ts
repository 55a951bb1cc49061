import type { IncomingEvent } from '@lapidary/replication/read-events';

/**
 * A transaction's worth. What it writes is locked until it ends, and readers of other regions and the API wait for the same documents: with nested
 * documents and 500 at once they ran into the lock time-out (seen in `npm run soak:geodes` on a busy machine), so that of these there are half as
 * many. A transaction has a dozen round trips and a commit, however much is in it.
 */
const weightMax = 500;

/** A change of fields is merged in a tenth of a millisecond; what else there is may take several of them. */
const weightOf = (incoming: IncomingEvent): number =>
  incoming.ok && incoming.event.type === 'lapidary.document.changed.v1' && incoming.event.data['kind'] === 'lww' ? 1 : 2;

/** Events in their order, by transactions. */
export const takenAtOnce = (events: readonly IncomingEvent[]): IncomingEvent[][] => {
  const runs: IncomingEvent[][] = [];
  let weight = weightMax;
  for (const event of events) {
    weight += weightOf(event);
    if (weight <= weightMax) runs.at(-1)!.push(event);
    else {
      runs.push([event]);
      weight = weightOf(event);
    }
  }
  return runs;
};
