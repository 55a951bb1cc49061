import { setImmediate as nextTurn } from 'node:timers/promises';
import { SnapshotPageSchema, type SnapshotPage } from '@lapidary/contracts/directory';
import { directorySnapshot } from '@lapidary/contracts/subjects';
import { AppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { DirectoryTable } from './directory-table.js';

/** Some 150 kB of JSON: well below the 1 MB that NATS carries in one message, even with long lists of host names. */
const pageEntries = 500;
/** Applied before others have their turn: well below a millisecond. */
const entriesAtOnce = 50;
/** A page comes from the control plane's database; one under load still answers within this. */
const pageTimeoutMs = 5_000;

/** The whole directory from the control plane, page by page in key order, as a table of its own. Throws where a page is missing. */
export const loadSnapshotPages = async (link: NatsLink, region: string): Promise<DirectoryTable> => {
  let table: DirectoryTable | null = null;
  for (let after: string | null = null; ;) {
    const page: SnapshotPage = await link.requestJson(
      directorySnapshot(region),
      { after, limit: pageEntries },
      SnapshotPageSchema,
      pageTimeoutMs,
    );
    table ??= new DirectoryTable(page.digest.generation, page.digest.count);
    if (page.digest.generation !== table.generation)
      throw new AppError('not_ready', 'The directory was replaced while it was being loaded');
    for (const [i, entry] of page.entries.entries()) {
      table.apply(entry);
      if (i % entriesAtOnce === entriesAtOnce - 1) await nextTurn();
    }
    if (page.next === null) return table;
    if (after !== null && page.next <= after)
      throw new AppError('not_ready', 'The pages of the directory go backwards', { internal: page.next });
    after = page.next;
  }
};
