import type { DirectoryEntry } from '@lapidary/contracts/directory';
import { directoryEntry } from '@lapidary/contracts/subjects';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { publishToStream } from '@lapidary/messaging/streams';
import type { DataSource } from 'typeorm';
import { markEntriesPublished, unpublishedEntries } from './directory-rows.js';

/** A crash in between repeats at most these; readers ignore a cursor they have. */
const readAtOnceMax = 500;
/** Messages on their way at once (lab 1.6: beyond some 64 nothing is gained). */
const windowMax = 64;

/** Publishes changed entries in cursor order and notes it once the stream has them. Returns the entries. */
export const publishDirectory = async (dataSource: DataSource, nats: NatsLink, region: string): Promise<DirectoryEntry[]> => {
  const entries = await unpublishedEntries(dataSource, readAtOnceMax);
  for (let at = 0; at < entries.length; at += windowMax) {
    const window = entries.slice(at, at + windowMax);
    await Promise.all(window.map((e) => publishToStream(nats, directoryEntry(region, e.key), JSON.stringify(e))));
    await markEntriesPublished(dataSource, window);
  }
  return entries;
};
