import { EventEnvelopeSchema, type EventEnvelope } from '@lapidary/contracts/events/envelope';
import { geoStream } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { OrderedReader } from '@lapidary/messaging/ordered-reader';
import { unpackBatch } from '@lapidary/messaging/packed-batch';
import { deleteStream, ensureStream, geoStreamShape, streamState } from '@lapidary/messaging/streams';
import { nothingRead, planRun, type Position } from '@lapidary/replication/version-vector';
import type { DataSource } from 'typeorm';
import { numberOutbox } from './number-outbox.js';
import { eventsBetween, readOrigin } from './outbox-rows.js';
import { outboxBacklog, publishedThrough } from './published-through.js';
import { publishOutbox, type PublishLimits } from './publish-outbox.js';
import { Killed, Mortal, type KilledHow } from './testing/mortal.js';
import { openTestRegion, tellOfStamp, type TestRegion } from './testing/test-region.js';

const events = 24;
/** Three pieces of several messages each: a hole in the log ends a message, so few events make many. */
const limits: PublishLimits = { readAtOnce: 6, pieces: 5 };
const holes = [3, 4, 8, 12, 13, 17, 21];

let region: TestRegion;
beforeEach(async () => {
  region = await openTestRegion();
});
afterEach(async () => {
  await deleteStream(region.nats, geoStream(region.name)).catch(() => undefined);
  await region.close();
});

/** What is in the stream, in its order, as often as it is there. */
const readStream = async (): Promise<EventEnvelope[]> => {
  const state = (await streamState(region.nats, geoStream(region.name)))!;
  const found: EventEnvelope[] = [];
  let last = 0;
  const reader = await OrderedReader.open(region.nats, {
    stream: geoStream(region.name),
    fromSequence: 1,
    onMessage: (message) => {
      found.push(...unpackBatch(message.data).map((e) => EventEnvelopeSchema.parse(e)));
      last = message.sequence;
    },
  });
  await waitFor('the end of the stream', () => last >= state.lastSequence || undefined, { timeoutMs: 60_000, intervalMs: 2 });
  await reader.stop();
  return found;
};

const positionOf = (e: EventEnvelope): Position => ({ epoch: e.originepoch, sequence: e.originsequence });

/** A peer that reads the stream, fills holes from the outbox as a back-fill does, and skips repeats: what takes effect there, in order. */
const takenInBy = async (stream: readonly EventEnvelope[]): Promise<number[]> => {
  const origin = await readOrigin(region.dataSource);
  let at: Position = { ...nothingRead, epoch: origin.epoch };
  const taken: number[] = [];
  const take = (some: readonly EventEnvelope[]): void => {
    taken.push(...some.map((e) => e.originsequence));
  };
  let rest = stream;
  for (;;) {
    const run = planRun(at, rest, positionOf);
    take(run.apply);
    at = run.at;
    if (run.stopped === null) return taken;
    if (run.stopped.by.kind !== 'gap') throw new Error(run.stopped.by.kind);
    take(await eventsBetween(region.dataSource, origin, run.stopped.by.from, run.stopped.by.to, events));
    at = { ...at, sequence: run.stopped.by.to };
    rest = run.stopped.rest;
  }
};

interface Told {
  readonly sequence: number;
  readonly markedThrough: number;
}

/** One life of a relay: numbers and publishes until there is nothing left. */
const live = async (dataSource: DataSource, nats: NatsLink, told: Told[]): Promise<void> => {
  for (;;) {
    const numbered = await numberOutbox(dataSource, 10);
    const looking: Promise<void>[] = [];
    const look = async (some: readonly EventEnvelope[]): Promise<void> => {
      const markedThrough = await publishedThrough(region.dataSource);
      told.push(...some.map(({ originsequence: sequence }) => ({ sequence, markedThrough })));
    };
    const publishing = publishOutbox(dataSource, nats, limits, undefined, (some) => void looking.push(look(some)));
    const published = await publishing.finally(async () => Promise.all(looking));
    if (numbered === 0 && published.length === 0) return;
  }
};

/** Nothing is numbered, published or marked, and the stream is empty. */
const begin = async (): Promise<void> => {
  const { dataSource, nats, name } = region;
  await deleteStream(nats, geoStream(name)).catch(() => undefined);
  await ensureStream(nats, geoStreamShape(name));
  await dataSource.query('TRUNCATE outbox, outbox_number, outbox_waiting RESTART IDENTITY');
  await dataSource.query('UPDATE origin SET sequence = 0');
  await dataSource.query('UPDATE outbox_published SET through = 0');
  for (let i = 1; i <= events; i += 1) await tellOfStamp(region, i);
  // Some have their numbers already, and of these some were pruned since.
  await numberOutbox(dataSource, events - 3);
  await dataSource.query('DELETE FROM outbox WHERE position IN (SELECT position FROM outbox_number WHERE sequence = ANY ($1))', [holes]);
};

const expected = Array.from({ length: events }, (_, i) => i + 1).filter((sequence) => !holes.includes(sequence));

describe.each<KilledHow>(['before', 'after'])('a relay that is killed %s', (how) => {
  it('any of its waits leaves what the next one finishes: nothing is lost, marked too early, told too early, or of effect twice (O1 to O4)', async () => {
    const places = new Set<string>();
    for (let killAt = 1; ; killAt += 1) {
      await begin();
      const told: Told[] = [];
      const mortal = new Mortal(killAt, how);
      await live(mortal.dataSource(region.dataSource), mortal.nats(region.nats), told).catch((error: unknown) => {
        if (mortal.killedAt === null) throw error;
      });
      await mortal.settled();
      const marked = await publishedThrough(region.dataSource);
      const stored = new Set((await readStream()).map((e) => e.originsequence));
      // O1
      expect(expected.filter((sequence) => sequence <= marked && !stored.has(sequence))).toEqual([]);
      // O3
      expect(told.filter(({ sequence, markedThrough }) => sequence > markedThrough)).toEqual([]);
      if (mortal.killedAt === null) break;
      places.add(mortal.killedAt.replace(region.name, ''));
      // O4
      await live(region.dataSource, region.nats, []);
      expect(await takenInBy(await readStream())).toEqual(expected);
      expect(await outboxBacklog(region.dataSource)).toMatchObject({ depth: 0 });
    }
    // It was killed at each kind of wait that there is, or this shows nothing of them.
    const kinds = ['publish', 'commit', 'WITH taken', 'SELECT json_build_array', 'UPDATE outbox_published', 'SELECT through'];
    expect(kinds.filter((kind) => ![...places].some((place) => place.startsWith(kind)))).toEqual([]);
  }, 300_000);
});

it('a message that fails in the middle holds the mark before it, though others behind it are stored (O1, O2)', async () => {
  await begin();
  await numberOutbox(region.dataSource, events);
  let count = 0;
  const failing = new Proxy(region.nats, {
    get: (link, name) => {
      const value: unknown = Reflect.get(link, name, link);
      if (name !== 'connection') return typeof value === 'function' ? (value.bind(link) as unknown) : value;
      return new Proxy(value as object, {
        get: (nc, method) => {
          const own: unknown = Reflect.get(nc, method, nc);
          if (method === 'request' && ++count === 2) return async () => Promise.reject(new Killed('the second message'));
          return typeof own === 'function' ? (own.bind(nc) as unknown) : own;
        },
      });
    },
  });
  const published = await publishOutbox(region.dataSource, failing, limits);
  const marked = await publishedThrough(region.dataSource);
  expect(published.map((e) => e.originsequence)).toEqual(expected.filter((sequence) => sequence <= marked));
  const stored = (await readStream()).map((e) => e.originsequence);
  expect([Math.max(...stored) > marked, stored.length < expected.length]).toEqual([true, true]);
  await live(region.dataSource, region.nats, []);
  expect(await takenInBy(await readStream())).toEqual(expected);
});
