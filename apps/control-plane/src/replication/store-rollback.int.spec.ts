import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { geoStream } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { streamState } from '@lapidary/messaging/streams';
import { tellOfStamp } from '../outbox/testing/test-region.js';
import { openRelayedRegions } from './testing/relayed-regions.js';
import { oneTo } from './testing/two-regions.js';

/** What a power failure leaves of a server that syncs lazily: an older store, in which sequence numbers are given a second time. */
it('a stream that was rolled back and has used its numbers again costs no event and repeats none (I5)', async () => {
  const regions = await openRelayedRegions();
  const { eu, us, relay, dir, told } = regions;
  const [store, older] = [path.join(dir, 'streams'), path.join(dir, 'older')];
  const tell = async (count: number): Promise<void> => {
    for (const i of oneTo(count)) {
      await tellOfStamp(eu, i);
      relay.wake();
    }
  };
  const reached = (sequence: number): Promise<void> => regions.reached(sequence, 30_000, () => relay.wake());
  try {
    await tell(10);
    await reached(10);
    const kept = (await streamState(eu.nats, geoStream(eu.name)))!;
    await regions.stop();
    await cp(store, older, { recursive: true });
    await regions.start();
    await waitFor('the links', () => (eu.nats.isConnected && us.nats.isConnected) || undefined, { timeoutMs: 60_000 });
    for (let i = 0; i < 5; i++) {
      await tell(2);
      await reached(12 + 2 * i);
    }
    await regions.stop();
    await rm(store, { recursive: true });
    await cp(older, store, { recursive: true });
    await tell(5);
    await regions.start();
    await reached(25);
    const after = (await streamState(eu.nats, geoStream(eu.name)))!;
    // The same stream to all who ask it, and numbers that it had given before.
    expect([after.id, after.lastSequence > kept.lastSequence]).toEqual([kept.id, true]);
    await tell(3);
    await reached(28);
    expect(told).toEqual(oneTo(28));
  } finally {
    await regions.close();
  }
});
