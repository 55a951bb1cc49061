import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { geoStream } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { streamState } from '@lapidary/messaging/streams';
import { DiscardPolicy, jetstreamManager } from '@nats-io/jetstream';
import { publishedThrough } from '../outbox/published-through.js';
import { readTrouble } from '../outbox/publishing-trouble.js';
import { tellOfStamp } from '../outbox/testing/test-region.js';
import { openRelayedRegions, type RelayedRegions } from './testing/relayed-regions.js';
import { oneTo } from './testing/two-regions.js';

/** A server that starts, and a relay that backs off, on a machine under load. */
const healsMs = 120_000;

/** Nothing else of the region is touched: its control plane and its database go on. */
describe('a region’s NATS server, alone,', () => {
  let regions: RelayedRegions;
  let count = 0;
  beforeEach(async () => {
    count = 0;
    regions = await openRelayedRegions();
  });
  afterEach(async () => regions.close());

  const tell = async (events: number): Promise<void> => {
    for (let i = 0; i < events; i += 1) {
      await tellOfStamp(regions.eu, 1 + ((count += 1) % 7), count);
      regions.relay.wake();
    }
  };
  const wake = (): void => regions.relay.wake();
  const troubleIs = async (what: readonly string[]): Promise<void> => {
    await waitFor(
      `trouble with ${what.join() || 'nothing'}`,
      async () => (wake(), (await readTrouble(regions.eu.dataSource)).map((t) => t.what).join() === what.join() || undefined),
      { timeoutMs: healsMs },
    );
  };
  /** Everything, once each and in order; and it is in the stream again, of which nobody says any more that it is not. */
  const isWhole = async (): Promise<void> => {
    await regions.reached(count, healsMs, wake);
    await waitFor('the mark', async () => (wake(), (await publishedThrough(regions.eu.dataSource)) === count || undefined), {
      timeoutMs: healsMs,
    });
    await troubleIs([]);
    expect(regions.told).toEqual(oneTo(count));
    expect((await streamState(regions.eu.nats, geoStream(regions.eu.name)))!.messages).toBeGreaterThan(0);
  };

  it.each<[string, () => Promise<void>]>([
    ['ends', async () => regions.stop()],
    ['is killed', async () => regions.kill()],
    [
      'is killed and loses its streams',
      async () => {
        await regions.kill();
        await rm(path.join(regions.dir, 'streams'), { recursive: true });
      },
    ],
  ])(
    '%s, and comes back twice: what was told before, meanwhile and behind it arrives once, in order (I5)',
    async (_, end) => {
      await tell(10);
      await isWhole();
      for (let i = 0; i < 2; i += 1) {
        // Told while the server ends: some of it is acknowledged, some on its way.
        const telling = tell(10);
        await end();
        await telling;
        await tell(10);
        await regions.start();
        await tell(5);
        await isWhole();
      }
    },
    400_000,
  );

  it('is told by somebody to refuse what its stream has no room for: the relay takes that back, and nothing is lost', async () => {
    await tell(5);
    await isWhole();
    const { streams } = await jetstreamManager(regions.publishing.connection, { checkAPI: false });
    const name = geoStream(regions.eu.name);
    const { messages } = (await streamState(regions.eu.nats, name))!;
    await streams.update(name, { max_msgs: messages, discard: DiscardPolicy.New });
    await tell(20);
    await isWhole();
    expect((await streams.info(name)).config.discard).toBe(DiscardPolicy.Old);
  }, 400_000);

  it('has less room for streams than they may take: it is said with the reason, others have the events from the outbox, and all is published once it has', async () => {
    await tell(5);
    await isWhole();
    const file = path.join(regions.dir, 'nats.conf');
    const usual = await readFile(file, 'utf8');
    await regions.stop();
    await rm(path.join(regions.dir, 'streams'), { recursive: true });
    await writeFile(file, usual.replace(/max_file_store: \S+/, 'max_file_store: 8MB'));
    await regions.start();
    await tell(10);
    await troubleIs(['events']);
    expect((await readTrouble(regions.eu.dataSource))[0]!.because).toContain('no room');
    await regions.reached(count, healsMs, wake);
    expect(await publishedThrough(regions.eu.dataSource)).toBeLessThan(count);
    await regions.stop();
    await writeFile(file, usual);
    await regions.start();
    await isWhole();
  }, 400_000);
});
