import {
  jetstream,
  jetstreamManager,
  JetStreamApiError,
  JetStreamApiCodes,
  PubHeaders,
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { headers, nanos } from '@nats-io/transport-node';
import { directoryAll, directoryStream, geoEvents, geoStream } from '@lapidary/contracts/subjects';
import { AppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from './nats-link.js';
import { signatureHeader } from './peer-seal.js';
import { streamFailure } from './stream-failure.js';

/** JetStream answers in milliseconds; a server that needs this long is in trouble, and callers try again. */
const apiTimeoutMs = 3_000;
/** A week of a link that is down resumes from the stream; longer is filled from the origin's outbox. */
const geoAgeMaxMs = 7 * 24 * 3_600_000;
const geoBytesMax = 1024 * 1024 * 1024;
/** Longer than a relay's retry after a lost ack. Dedupe here only saves bytes: readers go by the origin's sequence. */
const duplicateWindowMs = 120_000;
/** A directory entry is some 350 bytes as it is stored: room for ten million. The server counts limits as reserved, so no more than that. */
const directoryBytesMax = 4 * 1024 * 1024 * 1024;

type StreamShape = Pick<StreamConfig, 'name' | 'subjects'> & Partial<StreamConfig>;

/** Events of one region for the other geodes. */
export const geoStreamShape = (region: string): StreamShape => ({
  name: geoStream(region),
  subjects: [geoEvents(region)],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.Old,
  max_age: nanos(geoAgeMaxMs),
  max_bytes: geoBytesMax,
  duplicate_window: nanos(duplicateWindowMs),
});

/** The newest state of each directory entry: one message per subject, so reading from the start is the snapshot. */
export const directoryStreamShape = (region: string, generation: string): StreamShape => ({
  name: directoryStream(region),
  // Tells whose cursors these are: a restored database is another generation, and its cursors mean other things.
  description: generation,
  subjects: [directoryAll(region)],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  // Full, it refuses what is new, and says so: by `Old` the tenants that were placed first would go without a word. What replaces an entry still finds room.
  discard: DiscardPolicy.New,
  max_msgs_per_subject: 1,
  max_bytes: directoryBytesMax,
  allow_direct: true,
});

export interface StreamState {
  readonly description: string;
  /** Creation time: a stream that was deleted and made anew has another one, and its sequences start anew. */
  readonly id: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly messages: number;
}

/** The stream's state, or null where there is no such stream. Its numbers are hints: only what was read is known (lab 1.4). */
export const streamState = async (link: NatsLink, name: string): Promise<StreamState | null> => {
  try {
    const jsm = await jetstreamManager(link.connection, { checkAPI: false, timeout: apiTimeoutMs });
    const info = await jsm.streams.info(name);
    const { first_seq, last_seq, messages } = info.state;
    return { description: info.config.description ?? '', id: info.created, firstSequence: first_seq, lastSequence: last_seq, messages };
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return null;
    throw streamFailure(name, error);
  }
};

/** Makes the stream where it is missing and brings its limits up to date where they differ. Several at once do no harm. */
export const ensureStream = async (link: NatsLink, shape: StreamShape): Promise<StreamState> => {
  try {
    const jsm = await jetstreamManager(link.connection, { checkAPI: false, timeout: apiTimeoutMs });
    if (await streamState(link, shape.name)) await jsm.streams.update(shape.name, shape);
    // Adding what another process has just added with the same configuration succeeds.
    else await jsm.streams.add(shape);
  } catch (error) {
    throw streamFailure(shape.name, error);
  }
  const state = await streamState(link, shape.name);
  if (!state) throw new AppError('not_ready', 'The event stream vanished while it was being made', { internal: shape.name });
  return state;
};

/** Ends a stream with all it holds; for retiring a region and for tests. */
export const deleteStream = async (link: NatsLink, name: string): Promise<void> => {
  try {
    const jsm = await jetstreamManager(link.connection, { checkAPI: false, timeout: apiTimeoutMs });
    await jsm.streams.delete(name);
  } catch (error) {
    throw streamFailure(name, error);
  }
};

export interface Published {
  readonly sequence: number;
  /** The stream had a message with this id within its dedupe window. */
  readonly duplicate: boolean;
}

/** Publishes into a stream and returns once the server has stored it. `not_ready` where it could not be stored. */
export const publishToStream = async (
  link: NatsLink,
  subject: string,
  payload: Uint8Array | string,
  messageId?: string,
  signature?: string,
): Promise<Published> => {
  const signed = signature === undefined ? undefined : headers();
  signed?.set(signatureHeader, signature!);
  try {
    const js = jetstream(link.connection, { timeout: apiTimeoutMs });
    const ack = await js.publish(subject, payload, { msgID: messageId, headers: signed, timeout: apiTimeoutMs });
    return { sequence: ack.seq, duplicate: ack.duplicate };
  } catch (error) {
    throw streamFailure(subject, error);
  }
};

export interface LastPublished {
  readonly data: Uint8Array;
  /** Under which it was published (publishToStream); empty: under none. */
  readonly id: string;
  readonly signature: string | undefined;
}

/** The newest message of a subject as the stream really holds it, or null. Reading it proves more than any counter. */
export const lastPublished = async (link: NatsLink, stream: string, subject: string): Promise<LastPublished | null> => {
  try {
    const jsm = await jetstreamManager(link.connection, { checkAPI: false, timeout: apiTimeoutMs });
    const message = await jsm.streams.getMessage(stream, { last_by_subj: subject });
    if (!message) return null;
    const { data, header } = message;
    return { data, id: header.get(PubHeaders.MsgIdHdr), signature: header.get(signatureHeader) };
  } catch (error) {
    throw streamFailure(stream, error);
  }
};

export const lastMessage = async (link: NatsLink, stream: string, subject: string): Promise<Uint8Array | null> =>
  (await lastPublished(link, stream, subject))?.data ?? null;
