import { geoStream } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { OrderedReader } from '@lapidary/messaging/ordered-reader';
import { unpackBatch } from '@lapidary/messaging/packed-batch';
import { ensureStream, geoStreamShape } from '@lapidary/messaging/streams';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { outboxMetrics } from './metrics.js';
import { numberedAtOnceMax } from './number-outbox.js';
import { readOrigin } from './outbox-rows.js';
import { publishedThrough } from './published-through.js';
import { OutboxRelay } from './relay.js';
import { openTestRegion, type TestRegion } from './testing/test-region.js';

let region: TestRegion;
beforeEach(async () => (region = await openTestRegion()));
afterEach(async () => region.close());

const commit = async (from: number, to: number): Promise<void> => {
  await region.dataSource.query(
    `INSERT INTO outbox (id, hlc, type, subject, request_id, actor, data)
     SELECT 'event-' || n, '', 'lapidary.job.updated.v1', 'job/' || n, '', '', '{}' FROM generate_series($1::int, $2::int) AS n`,
    [from, to],
  );
};

test('a backlog is numbered while what is before it is published; all of it is in the stream once, in its order (I5)', async () => {
  const all = 4 * numberedAtOnceMax + 1;
  await commit(1, all - 1);
  await ensureStream(region.nats, geoStreamShape(region.name));
  const got: number[] = [];
  const reader = await OrderedReader.open(region.nats, {
    stream: geoStream(region.name),
    fromSequence: 1,
    onMessage: ({ data }) => void got.push(...(unpackBatch(data) as { originsequence: number }[]).map((event) => event.originsequence)),
  });
  const metrics = createMetrics(outboxMetrics, { processMetrics: false });
  const relay = new OutboxRelay({ ...region, metrics, onPublished: () => undefined });
  expect(await relay.pass()).toBe(true);
  expect(await publishedThrough(region.dataSource)).toBe(numberedAtOnceMax);
  const ahead = (await readOrigin(region.dataSource)).sequence;
  expect(ahead).toBeGreaterThanOrEqual(2 * numberedAtOnceMax);
  // The next round begins with what was numbered ahead, and what was committed meanwhile has its turn.
  await commit(all, all);
  while (await relay.pass());
  expect(await publishedThrough(region.dataSource)).toBe(all);
  await waitFor('the end of the stream', () => got.at(-1) === all || undefined, { timeoutMs: 60_000, intervalMs: 5 });
  await reader.stop();
  expect(got).toEqual(Array.from({ length: all }, (_, i) => i + 1));
});
