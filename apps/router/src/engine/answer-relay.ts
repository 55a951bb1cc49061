import type { ResponseHead } from '../http1/response-head.js';
import { answerHead, isChunkedToClient } from './answer-head.js';
import type { ClientConnection } from './client-connection.js';

/** Up to here a piece is gathered as text, and leaves with the head in one system call. */
const textBytesMax = 8 * 1024;

/** Puts an answer into the client's bytes, framed by us where its length is not known. */
export class AnswerRelay {
  status = 0;
  /** The head said that the connection ends. */
  closes = false;
  private chunked = false;

  constructor(private readonly client: ClientConnection) {}

  begin(bytes: Buffer, head: ResponseHead, requestId: string, isHead: boolean): void {
    this.status = head.status;
    this.closes = this.client.willClose;
    this.chunked = isChunkedToClient(head, isHead);
    this.client.addText(answerHead(bytes, head, { requestId, isHead, close: this.closes }));
  }

  add(bytes: Buffer, from: number, to: number): void {
    const { client } = this;
    if (this.chunked) client.addText(`${(to - from).toString(16)}\r\n`);
    if (to - from <= textBytesMax) client.addText(bytes.toString('latin1', from, to));
    else client.addBytes(bytes, from, to);
    if (this.chunked) client.addText('\r\n');
  }

  end(): void {
    if (this.chunked) this.client.addText('0\r\n\r\n');
  }
}
