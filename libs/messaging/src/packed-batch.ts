import { setImmediate as nextTurn } from 'node:timers/promises';
import { brotliDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { batchBytesMax, batchEventsMax, type EventEnvelope } from '@lapidary/contracts/events/envelope';
import { AppError } from '@lapidary/kernel/app-error';
import { brotliQuality, frameColumns, isFrame, readFrame } from './columns/columns-frame.js';
import { writeColumns } from './columns/json-columns.js';

/** Of JSON, as older versions sent it. One event may be larger than a batch's limit; past this, a message is an attack or a mistake. */
const unpackedBytesMax = 1024 * 1024;
/** NATS refuses messages over 1 MB; headers take little of it. */
const messageBytesMax = 900 * 1024;

export interface Batch {
  readonly events: readonly EventEnvelope[];
  readonly packed: Uint8Array;
}

/** The frame only: each event is checked by itself later, so that a bad one doesn't take its neighbours along (P-SC3). */
const FrameSchema = z.object({ events: z.array(z.unknown()).min(1) });

/**
 * Packs a run of events into batches that keep within the limits and have no holes; one that is too large travels alone.
 * Between two, whatever else this process does has its turn.
 */
export const packEvents = async (events: readonly EventEnvelope[]): Promise<Batch[]> => {
  const packing: Promise<Batch[]>[] = [];
  for (const run of runsOf(events)) {
    packing.push(packRun(run));
    await nextTurn();
  }
  return (await Promise.all(packing)).flat();
};

const packRun = async (events: readonly EventEnvelope[]): Promise<Batch[]> => {
  const columns = writeColumns({ events });
  if (events.length === 1 || columns.characters <= batchBytesMax) {
    const packed = await frameColumns(columns, brotliQuality.stream);
    if (events.length === 1 || packed.length <= messageBytesMax) return [{ events, packed }];
  }
  const middle = Math.ceil(events.length / 2);
  return (await Promise.all([packRun(events.slice(0, middle)), packRun(events.slice(middle))])).flat();
};

const runsOf = (events: readonly EventEnvelope[]): EventEnvelope[][] => {
  const runs: EventEnvelope[][] = [];
  for (const event of events) {
    const open = runs.at(-1);
    const follows = open !== undefined && event.originsequence === open.at(-1)!.originsequence + 1;
    if (follows && open.length < batchEventsMax) open.push(event);
    else runs.push([event]);
  }
  return runs;
};

/** The events of a message, unchecked; a message that is none is `poison_event`. Never inflates past a few megabytes. */
export const unpackBatch = (packed: Uint8Array): unknown[] => {
  let value: unknown;
  try {
    value = isFrame(packed)
      ? readFrame(packed)
      : JSON.parse(brotliDecompressSync(packed, { maxOutputLength: unpackedBytesMax }).toString('utf8'));
  } catch (error) {
    throw new AppError('poison_event', 'A message of the event stream could not be unpacked', { cause: error });
  }
  const parsed = FrameSchema.safeParse(value);
  if (parsed.success) return parsed.data.events;
  throw new AppError('poison_event', 'A message of the event stream is no event batch', {
    internal: parsed.error.message,
    cause: parsed.error,
  });
};
