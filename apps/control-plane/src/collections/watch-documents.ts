import type { WatchedDocument } from '@lapidary/contracts/api/watch';
import { toAppError } from '@lapidary/kernel/app-error';
import { Wakeup } from '@lapidary/kernel/wakeup';
import type { Definition } from '@lapidary/contracts/events/collection-events';
import type { DataSource } from 'typeorm';
import { documentViewOf, listDocuments } from './document-row.js';
import { historyFloor, readChanges, watchHorizon, type Watched, type WatchedRow } from './read-changes.js';
import { continues, formatWatchCursor, type WatchCursor } from './watch-cursor.js';
import type { WatchStream } from './watch-stream.js';

/** Changes of a busy collection are told in lumps of this length. */
const lumpMs = 100;
/** An older transaction holds up what is told; it is asked again this soon. */
const pendingMs = 50;
/** Proxies cut what is silent for a minute or less. Each time, as with each batch, the right to watch is looked at anew. */
const beatMs = 15_000;
/** Longer than this no connection stands, so that replicas share their watchers; the client comes back with its cursor. */
const lifeMs = 900_000;
const pageSize = 100;

export interface WatchOptions {
  readonly dataSource: DataSource;
  readonly region: string;
  readonly epoch: number;
  /** Whose documents, decided anew each time; throws where the right is gone. */
  readonly scope: () => Promise<{ readonly definition: Definition; readonly of: Watched }>;
  readonly cursor: WatchCursor | null;
  readonly snapshot: boolean;
  readonly wakeup: Wakeup;
  readonly signal: AbortSignal;
}

/**
 * Tells a watcher what each document is, whenever it has changed, until one of the two goes. What is between two states of one
 * document is not told; no last state is ever missed, whatever is cut and resumed from the last cursor.
 */
export const watchDocuments = async (stream: WatchStream, options: WatchOptions): Promise<void> => {
  const { dataSource, region, epoch, wakeup } = options;
  const signal = AbortSignal.any([options.signal, stream.signal]);
  const endAt = performance.now() + lifeMs;
  const placeAt = (xid: bigint, position: bigint): WatchCursor => ({ region, epoch, xid, position });
  const tell = async (row: WatchedRow, definition: Definition, cursor: string | null): Promise<void> => {
    const document = documentViewOf(row.collection, row, definition.policy);
    await stream.send('document', cursor, { deleted: !row.exists, document } satisfies WatchedDocument);
  };
  try {
    const horizon = await watchHorizon(dataSource);
    let at = options.cursor ?? placeAt(horizon, 0n);
    const goesOn = continues(at, region, epoch, { horizon, floor: await historyFloor(dataSource) });
    if (!goesOn) await stream.send('reset', null, { reason: 'the cursor is of another database, or older than the history that is kept' });
    if (!goesOn || (options.cursor === null && options.snapshot)) {
      at = placeAt(horizon, 0n);
      await tellAll(options, signal, async (row, definition) => tell(row, definition, null));
    }
    await stream.send('synced', formatWatchCursor(at), {});
    for (let beatAt = performance.now() + beatMs; !signal.aborted && performance.now() < endAt;) {
      const { definition, of } = await options.scope();
      const changes = await readChanges(dataSource, of, at);
      for (const { row, xid, position } of changes.documents) {
        if (signal.aborted) return;
        at = placeAt(xid, position);
        await tell(row, definition, formatWatchCursor(at));
      }
      if (changes.more) continue;
      if (changes.horizon > at.xid) at = placeAt(changes.horizon, 0n);
      if (performance.now() >= beatAt) {
        await stream.send('synced', formatWatchCursor(at), {});
        beatAt = performance.now() + beatMs;
      }
      await new Wakeup().wait(changes.pending ? pendingMs : lumpMs, signal);
      if (!changes.pending) await wakeup.wait(Math.max(0, beatAt - performance.now()), signal);
    }
  } catch (error) {
    const { code, message } = toAppError(error);
    if (!signal.aborted) await stream.send('end', null, { code, detail: message });
  }
};

/** Page by page, each after another look at the right to it: who reads slowly may take long. */
const tellAll = async (
  { dataSource, scope }: WatchOptions,
  signal: AbortSignal,
  tell: (row: WatchedRow, definition: Definition) => Promise<void>,
): Promise<void> => {
  for (let after: string | null = null, more = true; more && !signal.aborted;) {
    const { definition, of } = await scope();
    const rows = await listDocuments(dataSource, of, { after, prefix: of.prefix, limit: pageSize });
    more = rows.length > pageSize;
    for (const row of rows.slice(0, pageSize))
      if (of.id === null || row.id === of.id) await tell({ ...row, collection: of.collection, exists: true }, definition);
    after = rows[Math.min(rows.length, pageSize) - 1]?.id ?? null;
  }
};
