import type { ResetReason } from '@lapidary/stamp-sdk/link/frames';
import type { LinkStream, StreamListener } from '@lapidary/stamp-sdk/link/link-stream';

/**
 * Hears a stream while it is not known yet who takes it: what comes of the body is kept, at most the stream's window, since
 * nothing is given back meanwhile. Whoever takes it hears everything in order.
 */
export class ParkedRequest implements StreamListener {
  private readonly chunks: Buffer[] = [];
  private hasEnded = false;
  private over: ((listener: StreamListener) => void) | null = null;

  constructor(private readonly stream: LinkStream) {}

  /** The router has given it up meanwhile. */
  get isGone(): boolean {
    return this.over !== null;
  }

  handTo(listener: StreamListener): void {
    this.stream.listener = listener;
    for (const chunk of this.chunks) listener.data(chunk, 0, chunk.length);
    if (this.hasEnded) listener.ended();
    this.over?.(listener);
  }

  interim(): void {
    // Only agents send any.
  }
  head(): void {
    // A request's head comes with its stream.
  }
  data(bytes: Buffer, start: number, end: number): void {
    this.chunks.push(Buffer.from(bytes.subarray(start, end)));
  }
  ended(): void {
    this.hasEnded = true;
  }
  writable(): void {
    // Nothing has been written yet.
  }
  reset(reason: ResetReason): void {
    this.over = (listener) => listener.reset(reason);
  }
  lost(...how: Parameters<StreamListener['lost']>): void {
    this.over = (listener) => listener.lost(...how);
  }
}
