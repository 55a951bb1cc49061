import type { Wire } from '../transport/wire.js';
import { headWithLength } from './request-text.js';
import type { Chunk, LaneRequest } from './upstream-lane.js';

/** Text is gathered up to this before it is sent: a head and a small body are one system call. */
const gatherBytesMax = 16 * 1024;

/** Puts a request and its body into HTTP/1.1 bytes: framing is ours, whatever the client's was. */
export class RequestWriter {
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
    this.text = this.isChunked ? `${request.head}transfer-encoding: chunked\r\n\r\n` : headWithLength(request);
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

  end(): void {
    if (this.isChunked) this.text += '0\r\n\r\n';
    this.whole = true;
    this.flush();
  }

  flush(): void {
    if (this.text === '' || !this.started) return;
    const { text } = this;
    this.text = '';
    this.wire.write(text);
  }
}
