import { directoryStream } from '@lapidary/contracts/subjects';
import { streamState } from '@lapidary/messaging/streams';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { jetstreamManager } from '@nats-io/jetstream';
import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { countUnpublished } from './directory-rows.js';
import { directoryMetrics } from './metrics.js';
import { DirectoryPublisher } from './publisher.js';
import { readStreamCursors } from './verify-stream.js';
import { tellRoute } from './testing/tell-route.js';

/** Of entries of this test; each of them is smaller than a tenth of it. */
const roomBytes = 8_000;

let region: TestRegion;
beforeEach(async () => {
  region = await openTestRegion();
});
afterEach(async () => region.close());

const route = async (tenant: string, epoch: number): Promise<void> => await tellRoute(region, tenant, epoch);
const keysHeld = async (): Promise<string[]> => {
  const held = new Set<string>();
  await readStreamCursors(region.nats, region.name, (await streamState(region.nats, directoryStream(region.name)))!, (key) =>
    held.add(key),
  );
  return [...held].sort();
};

it('a directory stream that is full keeps every tenant that it has, takes their changes, refuses new ones, and takes them once there is room (I7)', async () => {
  const metrics = createMetrics(directoryMetrics, { processMetrics: false });
  const publisher = new DirectoryPublisher({ ...region, region: region.name, metrics, onNumbered: () => undefined });
  const drained = async (): Promise<void> => {
    while (await publisher.pass());
  };
  await route('t00', 1);
  await drained();
  const { streams } = await jetstreamManager(region.nats.connection, { checkAPI: false });
  await streams.update(directoryStream(region.name), { max_bytes: roomBytes });
  let n = 0;
  const full = async (): Promise<unknown> => {
    for (; n < 100;) {
      await route(`t${String((n += 1)).padStart(2, '0')}`, 1);
      try {
        await drained();
      } catch (error) {
        return error;
      }
    }
    return null;
  };
  expect(await full()).toMatchObject({ code: 'not_ready', message: 'The NATS server has no room for the stream: maximum bytes exceeded' });
  const all = Array.from({ length: n }, (_, i) => `tenant/t${String(i).padStart(2, '0')}`);
  expect(await keysHeld()).toEqual(all);
  expect(await countUnpublished(region.dataSource)).toBe(1);
  await streams.update(directoryStream(region.name), { max_bytes: 10 * roomBytes });
  await drained();
  expect([await keysHeld(), await countUnpublished(region.dataSource)]).toEqual([[...all, `tenant/t${n}`], 0]);
});
