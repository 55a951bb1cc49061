import { DirectoryDigestSchema, stampKey, tenantKey, type DirectoryDigest, type DirectoryEntry } from '@lapidary/contracts/directory';
import { directoryDigest, directoryEntry, directoryStream } from '@lapidary/contracts/subjects';
import { AppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import { Wakeup } from '@lapidary/kernel/wakeup';
import { OrderedReader, type StreamMessage } from '@lapidary/messaging/ordered-reader';
import { lastMessage, streamState, type StreamState } from '@lapidary/messaging/streams';
import { checkDigest, type DigestMemory } from './digest-check.js';
import { parseEntry } from './directory-entry.js';
import { DirectoryTable } from './directory-table.js';
import { LoadPauses } from './load-pauses.js';
import { Pace } from './pace.js';
import { SharedAsks } from './shared-asks.js';
import { StreamReading } from './stream-reading.js';
import { WholeLoads, type WholeLoadsOptions } from './whole-loads.js';

export type DirectorySourceOptions = Omit<WholeLoadsOptions, 'signal'>;

const retryFirstMs = 100;
/** A control plane that comes back is noticed within this. */
const retryMaxMs = 2_000;

/** How far a stream was read; its sequences start anew when it is made anew. */
interface Position {
  readonly streamId: string;
  readonly sequence: number;
}

/**
 * Keeps the directory as new as the region's stream: reads it from the start (the snapshot), follows it, compares
 * digests, and loads the whole anew where that is the only way. Whatever is wrong with the source, what is held serves on (I7).
 */
export class DirectorySource {
  private readonly stopping = new AbortController();
  private readonly wakeup = new Wakeup();
  private readonly pace = new Pace();
  private readonly stream: string;
  private position: Position | null = null;
  private reader: OrderedReader | null = null;
  private lastDigest: DigestMemory | null = null;
  private readonly loads: WholeLoads;
  private readonly pauses: LoadPauses;
  private readonly refreshes = new SharedAsks((tenant) => this.refreshNow(tenant));
  private running: Promise<void> = Promise.resolve();
  private stopDigests: () => void = () => undefined;

  constructor(private readonly options: DirectorySourceOptions) {
    this.stream = directoryStream(options.region);
    this.loads = new WholeLoads({ ...options, signal: this.stopping.signal });
    this.pauses = new LoadPauses(options.clock);
  }

  start(): void {
    const { link, region } = this.options;
    link.onConnected(() => this.wakeup.wake());
    this.stopDigests = link.subscribeJson(directoryDigest(region), DirectoryDigestSchema, (digest) => this.onDigest(digest), {
      inFlightMax: 1,
    });
    this.running = this.keepFollowing();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.stopDigests();
    await this.reader?.stop();
    await this.running;
  }

  /** Loads the whole anew because what is in memory can't be relied on. Failure leaves what is held, and the next audit asks again. */
  async reload(): Promise<void> {
    const { directory, logger } = this.options;
    try {
      if (directory.generation !== null) await this.loads.load('audit', directory.generation);
    } catch (error) {
      logger.warn({ err: error }, 'the directory could not be loaded anew');
    }
  }

  /** Fetches the newest entries of one tenant and of its stamp past the reader, once for all who ask at a time. Failure leaves what is held. */
  refreshTenant(tenant: string): Promise<void> {
    return this.refreshes.ask(tenant);
  }

  private async refreshNow(tenant: string): Promise<void> {
    try {
      await this.fetch(tenantKey(tenant));
      const stamp = this.options.directory.tenant(tenant)?.stamp;
      if (stamp) await this.fetch(stampKey(stamp));
    } catch (error) {
      this.options.logger.debug({ err: error, tenant }, 'an entry could not be fetched again');
    }
  }

  private async fetch(key: string): Promise<void> {
    const { link, region, directory } = this.options;
    const data = await lastMessage(link, this.stream, directoryEntry(region, key));
    const entry = data && parseMessage(data);
    // While another generation is being loaded, cursors can't be compared.
    if (entry && directory.isLive) this.apply(entry);
  }

  private async keepFollowing(): Promise<void> {
    const { signal } = this.stopping;
    const { link, logger } = this.options;
    for (let failures = 0; !signal.aborted;) {
      try {
        if (link.isConnected) {
          await this.followOnce();
          failures = 0;
        }
      } catch (error) {
        if (failures === 0 && !signal.aborted) logger.warn({ err: error }, 'the directory stream cannot be followed; serving what is held');
        failures += 1;
      } finally {
        this.options.directory.unfollow();
      }
      await this.wakeup.wait(backOffMs(failures, retryFirstMs, retryMaxMs), signal);
    }
  }

  /** One life of a reader: from opening the stream to its end. */
  private async followOnce(): Promise<void> {
    const { link, directory, logger } = this.options;
    const state = await streamState(link, this.stream);
    if (!state) throw new AppError('not_ready', 'The region has no directory stream yet');
    // A new generation's stream may be half filled: only the control plane can say what is whole, and until then the old one serves.
    if (directory.isLoaded && directory.generation !== state.description) {
      await this.loads.load('generation', state.description);
      this.position = null;
    }
    if (!directory.isLoaded) await this.firstLoad(state);
    const after = this.position?.streamId === state.id && this.position.sequence <= state.lastSequence ? this.position.sequence : 0;
    const building = directory.isLoaded ? null : new DirectoryTable(state.description);
    const reading = new StreamReading(state, after, building, this);
    if (this.stopping.signal.aborted) return;
    this.reader = await OrderedReader.open(link, {
      stream: this.stream,
      fromSequence: after + 1,
      onMessage: (m) => this.pace.after(() => reading.onMessage(m)),
    });
    if (this.stopping.signal.aborted) await this.reader.stop();
    if (state.messages === 0 || after >= state.lastSequence) reading.caughtUp();
    const end = await this.reader.ended;
    logger.info({ end }, 'the directory reader ended');
    if (end === 'heartbeats-missed') await link.forceReconnect();
  }

  /**
   * With nothing to serve yet, the control plane's word comes first: a stream that is being refilled holds only a part, and
   * tenants would be answered 404. Where no control plane answers, a stream that holds something has to do (I7).
   */
  private async firstLoad(state: StreamState): Promise<void> {
    try {
      await this.loads.load('start', state.description);
      this.position = null;
    } catch (error) {
      if (state.messages === 0)
        throw new AppError('not_ready', 'The directory stream is empty and no control plane vouches for that', { cause: error });
      this.options.logger.info({ err: error }, 'no control plane answers; the directory is taken from the stream');
    }
  }

  /** Called by the reading; `live` once all older messages have been read. */
  take(message: StreamMessage, streamId: string, building: DirectoryTable | null): void {
    const { directory, metrics, clock, logger } = this.options;
    this.position = { streamId, sequence: message.sequence };
    const entry = parseMessage(message.data);
    if (!entry) {
      metrics.lapidary_router_directory_rejected_total.inc();
      return logger.warn({ subject: message.subject }, 'a directory message could not be read; the digest will show what it was');
    }
    if (building) return void building.apply(entry);
    const isNew = this.apply(entry);
    if (!isNew || !directory.isLive) return;
    metrics.lapidary_router_directory_propagation_seconds.observe(directory.freshness.change(entry.committedAtMs, clock.nowMs()) / 1000);
  }

  /** All that the stream held has been read. */
  readToEnd(building: DirectoryTable | null): void {
    const { directory, clock, logger } = this.options;
    if (building) directory.swap(building, 'live', clock.nowMs());
    directory.follow();
    this.lastDigest = null;
    logger.info({ ...directory.digest }, 'the directory is live');
  }

  private apply(entry: DirectoryEntry): boolean {
    this.loads.note(entry);
    return this.options.directory.apply(entry);
  }

  private async onDigest(theirs: DirectoryDigest): Promise<void> {
    const { directory, clock, metrics, logger } = this.options;
    const ours = directory.digest;
    if (!ours || !directory.isLive) return;
    const verdict = checkDigest(ours, theirs, this.lastDigest);
    metrics.lapidary_router_directory_digests_total.inc({ verdict });
    directory.freshness.digest(verdict, clock.nowMs());
    this.lastDigest = { cursor: ours.cursor, verdict };
    if (verdict === 'rebuild') return void this.reader?.stop();
    if (verdict === 'equal') this.pauses.end();
    if (verdict !== 'reload' || !this.pauses.mayLoad()) return;
    logger.warn({ ours, theirs }, 'the directory differs from the control plane’s; loading it anew');
    this.lastDigest = null;
    await this.loads.load('digest', ours.generation);
  }
}

const parseMessage = (data: Uint8Array): DirectoryEntry | null => {
  try {
    return parseEntry(JSON.parse(Buffer.from(data).toString('utf8')));
  } catch {
    return null;
  }
};
