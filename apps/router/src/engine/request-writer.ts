import { slabs } from '../transport/slab.js';
import type { Wire } from '../transport/wire.js';
import { headEnd } from './request-text.js';
import type { Chunk, LaneRequest } from './upstream-lane.js';

/** Text is gathered up to this before it is sent: a head and a small body are one system call. */
const gatherBytesMax = 16 * 1024;

const nothing: readonly string[] = [];

/** Puts a request and its body into HTTP/1.1 bytes: framing is ours, whatever the client's was. */
export class RequestWriter {
  /** Of the head, up to `end`; not sent yet. */
  private head = nothing;
  private end = '';
  /** Behind it. */
  private text = '';
  private isChunked = false;
  private whole = false;
  private started = false;

  constructor(private readonly wire: Wire) {}

  /** Whether all of the request has been written. */
  get isWhole(): boolean {
    return this.whole;
  }

  /** The head is held back until start(). */
  begin(request: LaneRequest): void {
    this.isChunked = request.bodyBytes < 0;
    this.whole = request.bodyBytes === 0;
    this.started = false;
    this.head = request.head;
    this.end = this.isChunked ? 'transfer-encoding: chunked\r\n\r\n' : headEnd(request);
    this.text = '';
  }

  /** The connection is there; a head without a body goes at once, others with the first of their body. */
  start(): void {
    this.started = true;
    if (this.whole) this.flush();
  }

  write(chunk: Chunk): boolean {
    if (this.isChunked) this.text += `${chunk.length.toString(16)}\r\n`;
    if (typeof chunk === 'string') this.text += chunk;
    else {
      this.flush();
      this.wire.write(chunk);
    }
    if (this.isChunked) this.text += '\r\n';
    if (this.text.length > gatherBytesMax) this.flush();
    return !this.wire.isCongested;
  }

  finish(): void {
    if (this.isChunked) this.text += '0\r\n\r\n';
    this.whole = true;
    this.flush();
  }

  flush(): void {
    if (!this.started) return;
    if (this.head !== nothing) return this.flushHead();
    if (this.text === '') return;
    const { text } = this;
    this.text = '';
    this.wire.write(text);
  }

  /** Part by part, each of which is in one piece: joined, it would be made one text first. */
  private flushHead(): void {
    const { head, end, text } = this;
    this.head = nothing;
    this.text = '';
    let length = end.length + text.length;
    for (let i = 0; i < head.length; i += 1) length += head[i]!.length;
    const slab = slabs.take();
    if (slab === null || !slab.fits(length)) {
      if (slab !== null) slabs.giveBack(slab);
      this.wire.write(head.join('') + end + text);
      return;
    }
    for (let i = 0; i < head.length; i += 1) slab.addText(head[i]!, head[i]!.length);
    slab.addText(end, end.length);
    if (text !== '') slab.addText(text, text.length);
    this.wire.writeSlab(slab);
  }
}
