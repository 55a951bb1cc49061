import { latin1 } from '../http1/characters.js';
import type { ResponseHead } from '../http1/response-head.js';
import { answerHead, isChunkedToClient, type AnswerRules } from './answer-head.js';
import type { ClientWriter } from './client-writer.js';

/** Up to here a piece is gathered as text, and leaves with the head in one system call. */
const textBytesMax = 8 * 1024;

/** Puts an answer into the client's bytes, framed by us where its length is not known. */
export class AnswerRelay {
  status = 0;
  /** The head said that the connection ends. */
  closes = false;
  private chunked = false;

  constructor(private readonly writer: ClientWriter) {}

  begin(bytes: Buffer, head: ResponseHead, rules: AnswerRules): void {
    this.status = head.status;
    this.closes = rules.close;
    this.chunked = isChunkedToClient(head, rules.isHead);
    this.writer.add(answerHead(bytes, head, rules));
  }

  add(bytes: Buffer, from: number, to: number): void {
    const { writer } = this;
    if (this.chunked) writer.add(`${(to - from).toString(16)}\r\n`);
    if (to - from <= textBytesMax) writer.add(latin1(bytes, from, to));
    else writer.addBytes(bytes, from, to);
    if (this.chunked) writer.add('\r\n');
  }

  end(): void {
    if (this.chunked) this.writer.add('0\r\n\r\n');
  }
}
