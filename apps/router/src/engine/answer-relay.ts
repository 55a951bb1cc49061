import type { ResponseHead } from '../http1/response-head.js';
import { addAnswerHead, addInterimHead, isChunkedToClient, type AnswerRules } from './answer-head.js';
import type { ClientWriter } from './client-writer.js';

/** Up to here a piece is gathered with others; larger ones leave at once, with what is before them. */
const gatheredBytesMax = 2 * 1024;

/** Puts an answer into the client's bytes, framed by us where its length is not known. */
export class AnswerRelay {
  status = 0;
  /** The head said that the connection ends. */
  closes = false;
  private chunked = false;
  /** Of this answer's body. */
  wentBytes = 0;

  constructor(private readonly writer: ClientWriter) {}

  /** Ahead of the answer; it leaves at once, since nobody knows when that comes. */
  interim(bytes: Buffer, head: ResponseHead): void {
    addInterimHead(this.writer, bytes, head);
    this.writer.flush();
  }

  begin(bytes: Buffer, head: ResponseHead, rules: AnswerRules): void {
    this.status = head.status;
    this.closes = rules.close;
    this.wentBytes = 0;
    this.chunked = isChunkedToClient(head, rules.isHead);
    addAnswerHead(this.writer, bytes, head, rules);
  }

  add(bytes: Buffer, from: number, to: number): void {
    const { writer } = this;
    this.wentBytes += to - from;
    if (this.chunked) writer.add(`${(to - from).toString(16)}\r\n`);
    writer.addBytes(bytes, from, to);
    if (to - from > gatheredBytesMax) writer.flush();
    if (this.chunked) writer.add('\r\n');
  }

  /** It said no length, and its client takes what comes. */
  get isStream(): boolean {
    return this.chunked && !this.writer.isCongested;
  }

  end(): void {
    if (this.chunked) this.writer.add('0\r\n\r\n');
  }
}
