import { latin1 } from '../http1/characters.js';
import type { ResponseHead } from '../http1/response-head.js';
import { answerHead, isChunkedToClient, type AnswerRules } from './answer-head.js';
import type { ClientWriter } from './client-writer.js';

/** Up to here a piece is gathered as text, and leaves with the head in one system call. */
const textBytesMax = 2 * 1024;

/** Puts an answer into the client's bytes, framed by us where its length is not known. */
export class AnswerRelay {
  status = 0;
  /** The head said that the connection ends. */
  closes = false;
  private chunked = false;
  /** Of this answer's body. */
  wentBytes = 0;

  constructor(private readonly writer: ClientWriter) {}

  begin(bytes: Buffer, head: ResponseHead, rules: AnswerRules): void {
    this.status = head.status;
    this.closes = rules.close;
    this.wentBytes = 0;
    this.chunked = isChunkedToClient(head, rules.isHead);
    this.writer.add(answerHead(bytes, head, rules));
  }

  add(bytes: Buffer, from: number, to: number): void {
    const { writer } = this;
    this.wentBytes += to - from;
    if (this.chunked) writer.add(`${(to - from).toString(16)}\r\n`);
    if (to - from <= textBytesMax) writer.add(latin1(bytes, from, to));
    else writer.addBytes(bytes, from, to);
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
