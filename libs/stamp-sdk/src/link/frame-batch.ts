import { writeUint32 } from './uint32.js';
import { endFlag, frameHeaderBytes, frameType, goawayTextBytesMax, pingBytes, resetReason, type ResetReason } from './frames.js';

/** One write of a busy turn: some hundred heads. What needs more than one goes out as one writev. */
const pageBytes = 64 * 1024;
/** Pages kept for reuse: one being filled, and those whose write the kernel has not taken yet. */
const sparePagesMax = 4;

/** What `write(…, 'latin1')` ends at, behind looking up its encoding and its bounds. */
interface Page extends Buffer {
  latin1Write(text: string, at: number, bytes: number): number;
}

const newPage = (): Page => Buffer.allocUnsafeSlow(pageBytes) as Page;

/** Bytes on their way: latin1 text, or a buffer that nobody changes any more. */
export type Chunk = string | Buffer;

/** What is asked. */
export interface LinkRequest {
  /** Both are mandatory and checked by the agent against the head (I4). */
  readonly tenant: string;
  readonly epoch: number;
  /** The request's head as in HTTP/1.1, in latin1: parts one behind the other, then what ends it, its empty line included. */
  readonly head: readonly string[];
  readonly end: string;
  /** The request has no body. */
  readonly isLast: boolean;
}

export const headLength = ({ head, end }: LinkRequest): number => {
  let length = end.length;
  for (let i = 0; i < head.length; i += 1) length += head[i]!.length;
  return length;
};

/**
 * Frames of one turn of the loop, one behind the other in as few buffers as possible: a system call costs more than a
 * hundred frames. What is taken out belongs to the writer until it gives the pages back.
 */
export class FrameBatch {
  private page: Page | null = null;
  private used = 0;
  private full: Buffer[] = [];
  private readonly spare: Page[] = [];
  private waitingBytes = 0;

  get bytes(): number {
    return this.waitingBytes;
  }

  /** The filled parts, in order; the batch is empty after it. */
  take(): Buffer[] {
    const { full } = this;
    if (this.page !== null && this.used > 0) full.push(this.page.subarray(0, this.used));
    this.full = [];
    this.page = null;
    this.used = 0;
    this.waitingBytes = 0;
    return full;
  }

  /** Nothing of it is to be written any more. */
  drop(): void {
    for (const part of this.take()) this.giveBack(part);
  }

  /** A part that has been written: its page is filled again. */
  giveBack(part: Buffer): void {
    if (this.spare.length >= sparePagesMax || part.buffer.byteLength !== pageBytes) return;
    this.spare.push(Buffer.from(part.buffer as ArrayBuffer) as Page);
  }

  /** Each part of the head is in one piece: joined, they would be made one text first. */
  request(stream: number, asked: LinkRequest): void {
    const { tenant, epoch, head, end, isLast } = asked;
    const tenantBytes = tenant.length;
    const length = 1 + tenantBytes + 8 + headLength(asked);
    const page = this.header(frameType.request, isLast ? endFlag : 0, length, stream);
    let at = this.used;
    page[at++] = tenantBytes;
    // Tenant ids are ASCII; so is everything that isTenantId passes.
    for (let i = 0; i < tenantBytes; i += 1) page[at++] = tenant.charCodeAt(i);
    writeUint32(page, Math.floor(epoch / 0x1_0000_0000), at);
    writeUint32(page, epoch >>> 0, at + 4);
    at += 8;
    for (let i = 0; i < head.length; i += 1) {
      const part = head[i]!;
      page.latin1Write(part, at, part.length);
      at += part.length;
    }
    page.latin1Write(end, at, end.length);
    this.used += length;
  }

  interim(stream: number, head: string): void {
    this.copied(frameType.interim, 0, stream, head, 0, head.length);
  }

  response(stream: number, head: string, isLast: boolean): void {
    this.copied(frameType.response, isLast ? endFlag : 0, stream, head, 0, head.length);
  }

  data(stream: number, chunk: Chunk, start: number, end: number, isLast: boolean): void {
    this.copied(frameType.data, isLast ? endFlag : 0, stream, chunk, start, end);
  }

  end(stream: number): void {
    this.header(frameType.data, endFlag, 0, stream);
  }

  reset(stream: number, reason: ResetReason): void {
    const page = this.header(frameType.reset, 0, 1, stream);
    page[this.used++] = resetReason[reason];
  }

  window(stream: number, bytes: number): void {
    const page = this.header(frameType.window, 0, 4, stream);
    this.used = page.writeUInt32BE(bytes, this.used);
  }

  ping(type: 'ping' | 'pong', bytes: Buffer, start: number): void {
    this.copied(frameType[type], 0, 0, bytes, start, start + pingBytes);
  }

  /** `lastStream`: no stream above it was worked on, or will be. */
  goaway(lastStream: number, code: number, text: string): void {
    const words = Buffer.from(text, 'latin1').subarray(0, goawayTextBytesMax);
    const page = this.header(frameType.goaway, 0, 5 + words.length, 0);
    let at = page.writeUInt32BE(lastStream, this.used);
    page[at++] = code;
    words.copy(page, at);
    this.used += 5 + words.length;
  }

  control(type: 'hello' | 'ready', payload: Buffer): void {
    this.copied(frameType[type], 0, 0, payload, 0, payload.length);
  }

  private copied(type: number, flags: number, stream: number, chunk: Chunk, start: number, end: number): void {
    const page = this.header(type, flags, end - start, stream);
    if (typeof chunk === 'string') page.latin1Write(end - start === chunk.length ? chunk : chunk.slice(start, end), this.used, end - start);
    else chunk.copy(page, this.used, start, end);
    this.used += end - start;
  }

  /** Writes the header where the whole frame has room; the payload goes to `used` of the page returned. */
  private header(type: number, flags: number, length: number, stream: number): Page {
    const whole = frameHeaderBytes + length;
    if (this.page !== null && this.used + whole > pageBytes) {
      this.full.push(this.page.subarray(0, this.used));
      this.page = null;
    }
    if (this.page === null) {
      this.page = this.spare.pop() ?? newPage();
      this.used = 0;
    }
    const { page, used } = this;
    writeUint32(page, (type << 24) | (flags << 16) | length, used);
    writeUint32(page, stream, used + 4);
    this.used = used + frameHeaderBytes;
    this.waitingBytes += whole;
    return page;
  }
}
