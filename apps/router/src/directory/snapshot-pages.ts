import { setImmediate as nextTurn } from 'node:timers/promises';
import { SnapshotPageSchema } from '@lapidary/contracts/directory';
import { directorySnapshot } from '@lapidary/contracts/subjects';
import { AppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { z } from 'zod';
import { parseEntry } from './directory-entry.js';
import { DirectoryTable } from './directory-table.js';

/** Some 150 kB of JSON: well below the 1 MB that NATS carries in one message, even with long lists of host names. */
const pageEntries = 500;
/** Applied before others have their turn: well below a millisecond. */
const entriesAtOnce = 50;
/** A page comes from the control plane's database; one under load still answers within this. */
const pageTimeoutMs = 5_000;

/** Entries are read one by one: a single one that this version does not understand must not keep all others from it. */
const PageSchema = SnapshotPageSchema.extend({ entries: z.array(z.unknown()) });

export interface SnapshotReading {
  readonly link: NatsLink;
  readonly region: string;
  /** Gives the reading up at once. */
  readonly signal: AbortSignal;
  /** An entry that is none, or one of a newer version, as it came. */
  readonly onUnreadable: (entry: unknown) => void;
}

/** The whole directory from the control plane, page by page in key order, as a table of its own. Throws where a page is missing. */
export const loadSnapshotPages = async ({ link, region, signal, onUnreadable }: SnapshotReading): Promise<DirectoryTable> => {
  const abort = abortOf(signal);
  try {
    let table: DirectoryTable | null = null;
    for (let after: string | null = null; ;) {
      const asked = link.requestJson(directorySnapshot(region), { after, limit: pageEntries }, PageSchema, pageTimeoutMs);
      const page: z.infer<typeof PageSchema> = await Promise.race([abort.promise, asked]);
      table ??= new DirectoryTable(page.digest.generation, page.digest.count);
      if (page.digest.generation !== table.generation)
        throw new AppError('not_ready', 'The directory was replaced while it was being loaded');
      for (const [i, value] of page.entries.entries()) {
        const entry = parseEntry(value);
        if (entry) table.apply(entry);
        else onUnreadable(value);
        if (i % entriesAtOnce === entriesAtOnce - 1) await nextTurn();
      }
      if (page.next === null) return table;
      if (after !== null && page.next <= after)
        throw new AppError('not_ready', 'The pages of the directory go backwards', { internal: page.next });
      after = page.next;
    }
  } finally {
    abort.forget();
  }
};

/** Rejects when the signal is aborted; `forget`: nobody waits for it any more. */
const abortOf = (signal: AbortSignal): { readonly promise: Promise<never>; forget(): void } => {
  let forget = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort);
    forget = () => signal.removeEventListener('abort', onAbort);
  });
  return { promise, forget };
};
