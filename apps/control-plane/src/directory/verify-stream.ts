import { directoryStream } from '@lapidary/contracts/subjects';
import { DirectoryEntrySchema } from '@lapidary/contracts/directory';
import { rowsOf } from '@lapidary/db/rows';
import { AppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { OrderedReader } from '@lapidary/messaging/ordered-reader';
import { deleteStream, directoryStreamShape, ensureStream, streamState, type StreamState } from '@lapidary/messaging/streams';
import type { DataSource } from 'typeorm';
import { publishAllAgain, publishedCursors, publishLostAgain, readGeneration } from './directory-rows.js';

/** Some 30,000 messages are read and checked in a second; a stream of which nothing comes for so long is not being read. */
const silentMsMax = 60_000;

/** What the stream really holds, in its order. Messages that are no entries count as not there. Throws where it can't be read to its end. */
export const readStreamCursors = async (
  nats: NatsLink,
  region: string,
  state: StreamState,
  onCursor: (key: string, cursor: number) => void,
  signal?: AbortSignal,
): Promise<void> => {
  if (state.messages === 0) return;
  const done = Promise.withResolvers<'done' | 'silent' | 'stopped'>();
  const silence = setTimeout(() => done.resolve('silent'), silentMsMax);
  const stop = (): void => done.resolve('stopped');
  signal?.addEventListener('abort', stop, { once: true });
  const reader = await OrderedReader.open(nats, {
    stream: directoryStream(region),
    fromSequence: 1,
    onMessage: ({ data, sequence, pending }) => {
      const entry = parseEntry(data);
      if (entry) onCursor(entry.key, entry.cursor);
      silence.refresh();
      if (pending === 0 || sequence >= state.lastSequence) done.resolve('done');
    },
  });
  try {
    if (signal?.aborted) stop();
    const outcome = await Promise.race([done.promise, reader.ended]);
    if (outcome !== 'done') throw new AppError('not_ready', 'The directory stream could not be read to its end', { internal: outcome });
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener('abort', stop);
    await reader.stop();
  }
};

const parseEntry = (data: Uint8Array): { key: string; cursor: number } | null => {
  try {
    return DirectoryEntrySchema.parse(JSON.parse(Buffer.from(data).toString('utf8')));
  } catch {
    return null;
  }
};

/** Whether the region's stream names this database; `other`: it names another one, or there is none. One question to NATS and one to the database. */
export const streamOwner = async (dataSource: DataSource, nats: NatsLink, region: string): Promise<'own' | 'other'> => {
  const generation = await readGeneration(dataSource);
  const state = await streamState(nats, directoryStream(region));
  if (state?.description !== generation) return 'other';
  // With the limits of this version.
  await ensureStream(nats, directoryStreamShape(region, generation));
  return 'own';
};

/** Takes the stream away, makes it anew for this database, and has every entry published again. Nothing may be published meanwhile. */
export const rebuildStream = async (dataSource: DataSource, nats: NatsLink, region: string): Promise<void> => {
  const shape = directoryStreamShape(region, await readGeneration(dataSource));
  if (await streamState(nats, directoryStream(region))) await deleteStream(nats, directoryStream(region));
  await ensureStream(nats, shape);
  await publishAllAgain(dataSource);
};

export type StreamVerdict = 'same' | 'repaired' | 'foreign';

/**
 * Compares the stream with the table, message by message, and has published anew what the stream lacks. `foreign`: it is of another generation
 * (the database was restored), has keys or cursors that the table doesn't know, or is not there. Entries may be published meanwhile. Throws where
 * the stream can't be read to its end, and at the signal.
 */
export const readStreamBack = async (
  dataSource: DataSource,
  nats: NatsLink,
  region: string,
  signal?: AbortSignal,
): Promise<StreamVerdict> => {
  const generation = await readGeneration(dataSource);
  const state = await streamState(nats, directoryStream(region));
  if (state?.description !== generation) return 'foreign';
  // Read before the stream, which only grows: an entry that the stream lacks was really lost.
  const expected = await publishedCursors(dataSource);
  // The keys of the whole directory are held once: what was found is marked by its sign.
  const others = new Map<string, number>();
  await readStreamCursors(
    nats,
    region,
    state,
    (key, cursor) => {
      const published = Math.abs(expected.get(key) ?? 0);
      if (published > 0) expected.set(key, cursor < published ? published : -published);
      if (cursor > published) others.set(key, cursor);
    },
    signal,
  );
  if (!(await allKnown(dataSource, others))) return 'foreign';
  const lost = [...expected].filter(([, cursor]) => cursor > 0);
  return lost.length > 0 && (await publishLostAgain(dataSource, lost)) > 0 ? 'repaired' : 'same';
};

/** Entries that one statement is asked of. */
const askedAtOnceMax = 10_000;

/** Whether each of the keys is in the table, with a cursor that was given. Only those are asked of that were not published when the look began. */
const allKnown = async (dataSource: DataSource, found: ReadonlyMap<string, number>): Promise<boolean> => {
  const entries = [...found];
  for (let at = 0; at < entries.length; at += askedAtOnceMax) {
    const part = entries.slice(at, at + askedAtOnceMax);
    const [row] = await rowsOf<{ unknown: string }>(
      dataSource,
      `SELECT count(*) AS unknown FROM origin, unnest($1::text[], $2::bigint[]) AS s(key, cursor)
       WHERE s.cursor > origin.cursor OR NOT EXISTS (SELECT 1 FROM directory_entry d WHERE d.key = s.key)`,
      [part.map(([key]) => key), part.map(([, cursor]) => cursor)],
    );
    if (Number(row?.unknown ?? 0) > 0) return false;
  }
  return true;
};
