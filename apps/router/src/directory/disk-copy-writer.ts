import type { Logger } from '@lapidary/telemetry/logger';
import type { RouterMetrics } from '../metrics.js';
import { writeDiskCopy, type DiskCopyPlace } from './disk-copy.js';
import type { Directory } from './directory.js';

/** At most this much is missing from the copy of a small directory when the machine dies; more often would only wear the disk. */
const writeEveryMs = 2_000;
/** A large one is written less often, so that writing takes a tenth of the time at most. */
const restForEachMs = 9;

/**
 * How often a copy that holds all that there is says anew when its source was last heard: a router that starts alone is not to take a directory in
 * which nothing happens for one that nobody has confirmed. A million tenants are some 40 MB.
 */
const confirmEveryMs = 5 * 60_000;

/** Writes the directory to disk some time after it changed, one write at a time. */
export class DiskCopyWriter {
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> | null = null;
  private changed = false;
  private stopped = false;
  private lastTookMs = 0;
  /** When its source had been heard last, as the copy on disk says. */
  private saysHeardAtMs = 0;
  private readonly confirming: NodeJS.Timeout;

  constructor(
    private readonly place: DiskCopyPlace,
    private readonly directory: Directory,
    private readonly metrics: RouterMetrics,
    private readonly logger: Logger,
    /** For tests. */
    everyMs = confirmEveryMs,
  ) {
    directory.onChanged(() => this.schedule());
    this.confirming = setInterval(() => this.isOutdated && this.schedule(), everyMs);
    this.confirming.unref();
  }

  /** Writes what is not on disk yet, and nothing after. `relieved`: another process has newer, and writes it. */
  async stop(relieved = false): Promise<void> {
    this.stopped = true;
    clearInterval(this.confirming);
    if (this.timer) clearTimeout(this.timer);
    await this.writing;
    if ((this.changed || this.isOutdated) && !relieved) await this.write();
  }

  /** Its source has been heard since. */
  private get isOutdated(): boolean {
    const { directory } = this;
    return directory.state().source === 'live' && directory.freshness.sourceHeardAtMs > this.saysHeardAtMs;
  }

  private schedule(): void {
    this.changed = true;
    if (this.stopped || this.timer || this.writing) return;
    this.timer = setTimeout(
      () => {
        this.timer = null;
        this.writing = this.write().finally(() => {
          this.writing = null;
          if (this.changed) this.schedule();
        });
      },
      Math.max(writeEveryMs, this.lastTookMs * restForEachMs),
    );
  }

  private async write(): Promise<void> {
    const table = this.directory.current;
    this.changed = false;
    if (!table) return;
    const begunMs = performance.now();
    try {
      let heardAtMs = 0;
      await writeDiskCopy(this.place, table, () => (heardAtMs = this.directory.freshness.sourceHeardAtMs));
      this.saysHeardAtMs = heardAtMs;
      this.metrics.lapidary_router_disk_copies_total.inc({ outcome: 'written' });
    } catch (error) {
      // A full or broken disk must not stop traffic; the metric and the log call for somebody.
      this.changed = true;
      this.metrics.lapidary_router_disk_copies_total.inc({ outcome: 'failed' });
      this.logger.error({ err: error, file: this.place.file }, 'the copy of the directory could not be written');
    }
    this.lastTookMs = performance.now() - begunMs;
  }
}
