import type { Readable, Writable } from 'node:stream';

/** Big enough for what forms and JSON APIs send, small enough that 10,000 requests at once take 640 MB at the very most. */
export const replayBytesMax = 64 * 1024;

/** How long a client may go on sending a body that nobody wants any more. */
const lingerMs = 10_000;

export interface ReplayOptions {
  /** The request has no body. */
  readonly empty: boolean;
  /** Called once, when there is somebody to take the body: the moment for "100 Continue". */
  readonly onStart?: () => void;
  readonly limitBytes?: number;
}

/**
 * A request body that can be sent again from its beginning while it is still arriving. It streams to one sink at a time
 * with back-pressure and remembers what it streamed, up to a limit; beyond that it still streams, but not twice.
 */
export class ReplayBuffer {
  private chunks: Buffer[] = [];
  private bytes = 0;
  private recording = true;
  private sink: Writable | null = null;
  private onProgress: (bytes: number) => void = () => undefined;
  private ended: boolean;
  private started = false;

  constructor(
    private readonly source: Readable,
    private readonly options: ReplayOptions,
  ) {
    this.ended = options.empty;
  }

  /** Whether all that was streamed so far is still here. */
  get replayable(): boolean {
    return this.recording;
  }

  /** Whether the whole body has arrived from the client. */
  get complete(): boolean {
    return this.ended;
  }

  /** Whether the sink, not the client, is what we wait for. */
  get blockedBySink(): boolean {
    return this.sink !== null && this.sink.writableNeedDrain;
  }

  /** Streams from the beginning into `sink` and ends it; `onProgress` is told of every piece that moves. */
  attach(sink: Writable, onProgress: (bytes: number) => void): void {
    if (!this.recording) throw new Error('a body that was not kept cannot be sent again');
    this.detach();
    this.sink = sink;
    this.onProgress = onProgress;
    if (!this.started) this.options.onStart?.();
    this.started = true;
    for (const chunk of this.chunks) sink.write(chunk);
    if (this.ended) {
      sink.end();
      return;
    }
    sink.on('drain', this.resume);
    this.source.on('data', this.take);
    this.source.on('end', this.finish);
    if (!sink.writableNeedDrain) this.source.resume();
  }

  /** Stops streaming; the client's bytes wait in its socket until the next attach. */
  detach(): void {
    this.sink?.off('drain', this.resume);
    this.sink = null;
    this.source.off('data', this.take);
    this.source.off('end', this.finish);
    if (!this.ended) this.source.pause();
  }

  /** It won't be needed again: forget what was kept, and keep no more. */
  forget(): void {
    this.recording = false;
    this.chunks = [];
  }

  /**
   * Nobody wants the rest, but the client may not read the answer before it has sent everything, and a connection that is
   * closed on unread bytes loses what was written to it (RFC 9112 §9.6): read and drop for a while, then cut.
   */
  discard(): void {
    this.detach();
    this.forget();
    if (this.ended) return;
    const cut = setTimeout(() => this.source.destroy(), lingerMs).unref();
    for (const over of ['end', 'close', 'error']) this.source.once(over, () => clearTimeout(cut));
    this.source.resume();
  }

  private readonly resume = (): void => {
    this.onProgress(0);
    this.source.resume();
  };

  private readonly take = (chunk: Buffer): void => {
    this.record(chunk);
    this.onProgress(chunk.length);
    if (this.sink?.write(chunk) === false) this.source.pause();
  };

  private readonly finish = (): void => {
    this.ended = true;
    this.sink?.end();
  };

  private record(chunk: Buffer): void {
    if (!this.recording) return;
    this.bytes += chunk.length;
    if (this.bytes > (this.options.limitBytes ?? replayBytesMax)) this.forget();
    else this.chunks.push(chunk);
  }
}
