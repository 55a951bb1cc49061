import { geoStream } from '@lapidary/contracts/subjects';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import { EventEnvelopeSchema } from '@lapidary/contracts/events/envelope';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { waitFor } from '@lapidary/kernel/wait-for';
import { OrderedReader } from '@lapidary/messaging/ordered-reader';
import { unpackBatch } from '@lapidary/messaging/packed-batch';
import { deleteStream, ensureStream, geoStreamShape, streamState } from '@lapidary/messaging/streams';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { systemContext } from '../http/command-context.js';
import { answerAck, answerBackfill } from './backfill.js';
import { outboxMetrics } from './metrics.js';
import { numberOutbox } from './number-outbox.js';
import { eventsBetween, readOrigin } from './outbox-rows.js';
import { pruneOutbox } from './prune-outbox.js';
import { markPublished, outboxBacklog, publishAgainFrom, publishedThrough } from './published-through.js';
import { publishOutbox } from './publish-outbox.js';
import { recordEvent } from './record-event.js';
import { OutboxRelay } from './relay.js';
import { repairStream } from './stream-check.js';
import { openTestRegion, stampOf, tellOfStamp, type TestRegion } from './testing/test-region.js';

let region: TestRegion;
const relayOf = (r: TestRegion): OutboxRelay =>
  new OutboxRelay({ ...r, metrics: createMetrics(outboxMetrics, { processMetrics: false }), onPublished: () => undefined });

/** Every event in the stream, as often as it is there. */
const readStream = async (): Promise<EventEnvelope[]> => {
  const name = geoStream(region.name);
  const state = await streamState(region.nats, name);
  const events: EventEnvelope[] = [];
  if (!state || state.messages === 0) return events;
  let last = 0;
  const reader = await OrderedReader.open(region.nats, {
    stream: name,
    fromSequence: 1,
    onMessage: (m) => {
      events.push(...unpackBatch(m.data).map((e) => EventEnvelopeSchema.parse(e)));
      last = m.sequence;
    },
  });
  await waitFor('the end of the stream', () => (last >= state.lastSequence ? true : undefined), { timeoutMs: 60_000, intervalMs: 5 });
  await reader.stop();
  return events;
};
const sequencesOf = (events: readonly EventEnvelope[]): number[] => events.map((e) => e.originsequence);
/** Of rows that are there, in their order. */
const numbersGiven = async (): Promise<number[]> =>
  (
    await rowsOf<{ sequence: string }>(
      region.dataSource,
      'SELECT sequence FROM outbox JOIN outbox_number USING (position) ORDER BY sequence',
    )
  ).map(({ sequence }) => Number(sequence));
const oneTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

beforeEach(async () => {
  region = await openTestRegion();
});
afterEach(async () => {
  await deleteStream(region.nats, geoStream(region.name)).catch(() => undefined);
  await region.close();
});

describe('numbering', () => {
  it('gives sequences without holes to 1,000 concurrent writers, some of them slow and some rolled back (I5)', async () => {
    let stop = false;
    const numberer = (async () => {
      while (!stop) await numberOutbox(region.dataSource, 50);
    })();
    let committed = 0;
    await Promise.all(
      oneTo(1_000).map(async (i) => {
        await inTransaction(region.dataSource, async (tx) => {
          await recordEvent(
            tx,
            systemContext(region.name, 'test', 'r'),
            region.clock,
            'lapidary.stamp.updated.v1',
            `stamp/${region.name}-${i}`,
            {
              stamp: stampOf(region.name, i),
            },
          );
          if (i % 50 === 0) await tx.query('SELECT pg_sleep(0.15)');
          if (i % 10 === 7) throw new Error('rolled back');
          committed++;
        }).catch(() => undefined);
      }),
    );
    stop = true;
    await numberer;
    while ((await numberOutbox(region.dataSource)) > 0);
    expect(await numbersGiven()).toEqual(oneTo(committed));
    expect((await readOrigin(region.dataSource)).sequence).toBe(committed);
  });

  it('keeps the order of changes to one subject, also where the first writer began later (I6)', async () => {
    const { dataSource, clock, name } = region;
    await dataSource.query('CREATE TABLE subject (id int PRIMARY KEY, version int NOT NULL)');
    await dataSource.query('INSERT INTO subject VALUES (1, 0)');
    const change = async (tx: Parameters<Parameters<typeof inTransaction>[1]>[0]): Promise<void> => {
      const [[row]]: [{ version: number }[]] = await tx.query('UPDATE subject SET version = version + 1 WHERE id = 1 RETURNING version');
      await recordEvent(tx, systemContext(name, 'test', 'r'), clock, 'lapidary.stamp.updated.v1', `stamp/${name}-1`, {
        stamp: stampOf(name, 1, row!.version),
      });
    };
    // Each takes its transaction id first, at a random moment before it gets the lock.
    let stop = false;
    const bystander = inTransaction(dataSource, async (tx) => {
      await tx.query('SELECT pg_current_xact_id()');
      while (!stop) await tx.query('SELECT pg_sleep(0.01)');
    });
    const numberer = (async () => {
      while (!stop) await numberOutbox(dataSource);
    })();
    await Promise.all(
      oneTo(200).map(async () => {
        await inTransaction(dataSource, async (tx) => {
          await tx.query('SELECT pg_current_xact_id()');
          await tx.query('SELECT pg_sleep($1)', [Math.random() * 0.02]);
          await change(tx);
        });
      }),
    );
    stop = true;
    await Promise.all([bystander, numberer]);
    while ((await numberOutbox(dataSource)) > 0);
    const rows: { version: string }[] = await dataSource.query(
      `SELECT data->'stamp'->>'version' AS version FROM outbox JOIN outbox_number USING (position) ORDER BY sequence`,
    );
    expect(rows.map((r) => Number(r.version))).toEqual(oneTo(200));
  });

  it('by two numberers at once gives no sequence twice', async () => {
    await Promise.all(oneTo(100).map(async (i) => tellOfStamp(region, i)));
    await Promise.all(
      oneTo(8).map(async () => {
        while ((await numberOutbox(region.dataSource, 7)) > 0);
      }),
    );
    expect(await numbersGiven()).toEqual(oneTo(100));
  });
});

describe('the relay', () => {
  it('loses nothing wherever it is killed: after numbering, after publishing, after marking (P-OB1)', async () => {
    await ensureStream(region.nats, geoStreamShape(region.name));
    for (let i = 1; i <= 10; i++) await tellOfStamp(region, i);
    await numberOutbox(region.dataSource); // killed here: numbered, not published
    await publishOutbox(region.dataSource, region.nats);
    expect(await publishAgainFrom(region.dataSource, 5)).toBe(6); // killed before the mark
    for (let i = 11; i <= 15; i++) await tellOfStamp(region, i);
    while (await relayOf(region).pass());
    const told = sequencesOf(await readStream());
    expect([...new Set(told)]).toEqual(oneTo(15));
    expect(await outboxBacklog(region.dataSource)).toMatchObject({ depth: 0 });
  });

  it('with two leaders at once publishes everything, in order once repeats are skipped', async () => {
    const stop = new AbortController();
    const leaders = [relayOf(region), relayOf(region)].map(async (r) => r.lead(stop.signal));
    await Promise.all(oneTo(300).map(async (i) => tellOfStamp(region, i)));
    await waitFor('an empty outbox', async () => ((await outboxBacklog(region.dataSource)).depth === 0 ? true : undefined), {
      timeoutMs: 60_000,
    });
    stop.abort();
    await Promise.all(leaders);
    expect(new Set(sequencesOf(await readStream()))).toEqual(new Set(oneTo(300)));
  });

  it('repairs a stream that was deleted, and one that lost its last writes', async () => {
    for (let i = 1; i <= 5; i++) await tellOfStamp(region, i);
    while (await relayOf(region).pass());
    await deleteStream(region.nats, geoStream(region.name));
    expect(await repairStream(region.dataSource, region.nats)).toBe(5);
    while (await relayOf(region).pass());
    expect(sequencesOf(await readStream())).toEqual(oneTo(5));
    expect(await repairStream(region.dataSource, region.nats)).toBe(0);
    for (let i = 6; i <= 8; i++) await tellOfStamp(region, i);
    await numberOutbox(region.dataSource);
    expect(await markPublished(region.dataSource, 5, 8)).toBe(true); // the server acknowledged, and forgot
    expect(await repairStream(region.dataSource, region.nats)).toBe(3);
    await publishOutbox(region.dataSource, region.nats);
    expect(sequencesOf(await readStream())).toEqual(oneTo(8));
  });

  it('whose mark was put back meanwhile does not put it on again over what the stream has lost (P-OB1)', async () => {
    for (let i = 1; i <= 6; i++) await tellOfStamp(region, i);
    while (await relayOf(region).pass());
    const from = await publishedThrough(region.dataSource);
    await tellOfStamp(region, 7);
    await numberOutbox(region.dataSource);
    expect(await publishAgainFrom(region.dataSource, 3)).toBe(4); // another leader has seen that the stream lost 3 to 6
    expect(await markPublished(region.dataSource, from, 7)).toBe(false);
    await deleteStream(region.nats, geoStream(region.name));
    await ensureStream(region.nats, geoStreamShape(region.name));
    expect(sequencesOf(await publishOutbox(region.dataSource, region.nats))).toEqual([3, 4, 5, 6, 7]);
    expect(sequencesOf(await readStream())).toEqual([3, 4, 5, 6, 7]);
  });

  it('goes over what was taken out by hand before it had a number, or was published', async () => {
    for (let i = 1; i <= 5; i++) await tellOfStamp(region, i);
    await numberOutbox(region.dataSource, 3);
    await region.dataSource.query(`DELETE FROM outbox WHERE subject IN ($1, $2)`, [`stamp/${region.name}-2`, `stamp/${region.name}-4`]);
    while (await relayOf(region).pass());
    expect((await readStream()).map((e) => [e.originsequence, e.subject.split('-').at(-1)])).toEqual([
      [1, '1'],
      [3, '3'],
      [4, '5'],
    ]);
    expect(await outboxBacklog(region.dataSource)).toMatchObject({ depth: 0 });
  });

  it('tells events as they were written, under the present epoch', async () => {
    await tellOfStamp(region, 1);
    await numberOutbox(region.dataSource);
    await region.dataSource.query('UPDATE origin SET epoch = 3');
    const [event] = await eventsBetween(region.dataSource, await readOrigin(region.dataSource), 1, 10, 10);
    expect(EventEnvelopeSchema.parse(event)).toMatchObject({
      originregion: region.name,
      originepoch: 3,
      originsequence: 1,
      type: 'lapidary.stamp.updated.v1',
      actor: 'system:test',
      data: { stamp: { version: 1 } },
    });
  });
});

describe('the back-fill', () => {
  it('answers any range in pieces that cover it', async () => {
    for (let i = 1; i <= 450; i += 50) await Promise.all(oneTo(50).map(async (k) => tellOfStamp(region, i + k - 1)));
    while ((await numberOutbox(region.dataSource)) > 0);
    const got: number[] = [];
    for (let next = 1; next <= 450;) {
      const reply = await answerBackfill(region.dataSource, { epoch: 1, from: next, to: 1_000 });
      if (!reply.ok) throw new Error(reply.code);
      got.push(...sequencesOf(reply.events as EventEnvelope[]));
      next = reply.through + 1;
    }
    expect(got).toEqual(oneTo(450));
    expect(await answerBackfill(region.dataSource, { epoch: 2, from: 1, to: 5 })).toEqual({ ok: false, code: 'epoch_unknown', epoch: 1 });
  });

  it('jumps over what retention took, and retention takes only what every peer has and a newer event replaces (P-OB2)', async () => {
    for (const version of [1, 2, 3]) await tellOfStamp(region, 1, version);
    await tellOfStamp(region, 2);
    await numberOutbox(region.dataSource);
    await markPublished(region.dataSource, 0, 4);
    await region.dataSource.query(`UPDATE outbox SET created_at = now() - interval '8 days'`);
    expect(await pruneOutbox(region.dataSource, ['us'])).toBe(0);
    await answerAck(region.dataSource, 'us', { peer: 'us', epoch: 1, sequence: 1 });
    expect(await pruneOutbox(region.dataSource, ['us', 'ap'])).toBe(0);
    expect(await pruneOutbox(region.dataSource, ['us'])).toBe(1);
    const all = { epoch: 1, sequence: 4 };
    // Retention would take what `us` lacks.
    await expect(answerAck(region.dataSource, 'ap', { peer: 'us', ...all })).rejects.toMatchObject({ code: 'forbidden' });
    expect(await pruneOutbox(region.dataSource, ['us'])).toBe(0);
    expect(await answerAck(region.dataSource, 'us', { peer: 'us', ...all })).toMatchObject({ region: region.name, epoch: 1, head: 4 });
    expect(await pruneOutbox(region.dataSource, ['us'])).toBe(1);
    const reply = await answerBackfill(region.dataSource, { epoch: 1, from: 1, to: 4 });
    expect(reply).toMatchObject({ ok: true, through: 4 });
    expect(sequencesOf((reply as { events: EventEnvelope[] }).events)).toEqual([3, 4]);
    expect(sequencesOf(await eventsBetween(region.dataSource, await readOrigin(region.dataSource), 1, 9, 9))).toEqual([3, 4]);
  });
});
