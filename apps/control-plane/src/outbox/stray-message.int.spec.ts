import { geoEvents } from '@lapidary/contracts/subjects';
import { packEvents } from '@lapidary/messaging/packed-batch';
import { publishToStream } from '@lapidary/messaging/streams';
import { isRegionFenced } from '../fence/recovery-rows.js';
import { oneTo } from '../replication/testing/two-regions.js';
import { numberOutbox } from './number-outbox.js';
import { eventsBetween, readOrigin } from './outbox-rows.js';
import { messageId, publishOutbox } from './publish-outbox.js';
import { repairStream } from './stream-check.js';
import { openTestRegion, tellOfStamp } from './testing/test-region.js';

it('a message that no relay of ours has published is no sign that the database was set back; one that a relay has is (B2)', async () => {
  const region = await openTestRegion();
  const { dataSource, nats, name } = region;
  try {
    for (const i of oneTo(3)) await tellOfStamp(region, i);
    await numberOutbox(dataSource);
    await repairStream(dataSource, nats);
    await publishOutbox(dataSource, nats);
    const [, , last] = await eventsBetween(dataSource, await readOrigin(dataSource), 1, 3, 3);
    const [further] = await packEvents([{ ...last!, originsequence: 1_000_000 }]);
    await publishToStream(nats, geoEvents(name), further!.packed);
    // It looks as if the stream had lost all: what it had is published again, and readers skip it.
    expect([await repairStream(dataSource, nats), await isRegionFenced(dataSource)]).toEqual([3, false]);
    await publishToStream(nats, geoEvents(name), further!.packed, messageId(further!.events));
    expect([await repairStream(dataSource, nats), await isRegionFenced(dataSource)]).toEqual(['set-back', true]);
  } finally {
    await region.close();
  }
});
