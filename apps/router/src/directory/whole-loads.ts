import type { DirectoryEntry } from '@lapidary/contracts/directory';
import { AppError } from '@lapidary/kernel/app-error';
import type { Clock } from '@lapidary/kernel/clock';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { Logger } from '@lapidary/telemetry/logger';
import type { RouterMetrics } from '../metrics.js';
import type { DirectoryTable } from './directory-table.js';
import type { Directory } from './directory.js';
import { loadSnapshotPages } from './snapshot-pages.js';

export type LoadCause = 'start' | 'generation' | 'digest' | 'audit';

export interface WholeLoadsOptions {
  readonly region: string;
  readonly link: NatsLink;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly metrics: RouterMetrics;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Whole directories from the control plane, each built beside the one that serves and swapped in. Several may be under way: each is brought what
 * came meanwhile, since the pages that it has read may be older, and what has been served must not be taken back (I1).
 */
export class WholeLoads {
  private readonly underWay = new Set<DirectoryEntry[]>();

  constructor(private readonly options: WholeLoadsOptions) {}

  /** A change has come by another way. */
  note(entry: DirectoryEntry): void {
    for (const arrived of this.underWay) arrived.push(entry);
  }

  /** Throws where the whole can't be had, or is of another generation. */
  async load(cause: LoadCause, generation: string): Promise<void> {
    const { link, region, directory, clock, metrics, logger, signal } = this.options;
    const arrived: DirectoryEntry[] = [];
    const unreadable: unknown[] = [];
    this.underWay.add(arrived);
    try {
      const table = await loadSnapshotPages({ link, region, signal, onUnreadable: (value) => unreadable.push(keyOf(value)) });
      if (table.generation !== generation) throw new AppError('not_ready', 'The control plane speaks of another directory than the stream');
      const now = clock.nowMs();
      for (const entry of arrived) table.apply(entry, now);
      if (unreadable.length > 0) this.keepWhatIsHeld(table, unreadable);
      directory.swap(table, 'live', now);
      metrics.lapidary_router_directory_reloads_total.inc({ cause });
      logger.info({ cause, ...table.digest }, 'the directory was loaded anew');
    } finally {
      this.underWay.delete(arrived);
    }
  }

  /** An older route, which its stamp's fence refuses where it is wrong (I4), is better than none: that would be taken for "there is no such tenant". */
  private keepWhatIsHeld(table: DirectoryTable, keys: readonly unknown[]): void {
    const { directory, metrics, logger } = this.options;
    metrics.lapidary_router_directory_rejected_total.inc(keys.length);
    logger.error(
      { keys: keys.slice(0, keysLogged), count: keys.length },
      'entries of the directory can’t be read; is this router older than its control plane?',
    );
    // Cursors of another generation can't be compared.
    if (directory.generation !== table.generation) return;
    for (const key of keys) {
      const held = typeof key === 'string' ? directory.held(key) : undefined;
      if (held) table.apply(held.entry, held.appliedAtMs);
    }
  }
}

const keysLogged = 10;

const keyOf = (value: unknown): unknown => (typeof value === 'object' && value !== null && 'key' in value ? value.key : null);
