import { requestHeadBytesMax } from '../client-bounds.js';
import { BodyReader, chunkedLength } from '../http1/body-reader.js';
import { ChunkStep } from '../http1/chunk-reader.js';
import { ScanResult } from '../http1/head-record.js';
import { PartialHead } from '../http1/partial-head.js';
import { scanRequestHead } from '../http1/request-head.js';
import { RequestHead } from '../http1/request-record.js';
import type { Wire } from '../transport/wire.js';
import { clientMachine } from './client-states.js';

/** One record for all connections: whoever hears of a head takes what it needs before the next scan. */
const head = new RequestHead();
const { is } = clientMachine;

/** Whoever hears of the messages of a connection; what they do with its state says how its next bytes are read. */
interface Listener {
  /** Of clientMachine. */
  readonly state: number;
  /** A part of a head has come. */
  onHeadBegun(): void;
  onBadHead(of: RequestHead): void;
  /** A whole head. false: it is for the general path, with all that is behind it. */
  takes(bytes: Buffer, of: RequestHead): boolean;
  /** That request begins. `firstByteMs`: when its head began to come; 0 for now. */
  onRequest(of: RequestHead, firstByteMs: number): void;
  onBody(bytes: Buffer, from: number, to: number): void;
  onBodyWhole(): void;
  /** The body can't be told from what is behind it. */
  onBadBody(reason: string): void;
  /** All that one read held has been told. */
  onReadDone(): void;
  /** Something came behind the last answer. */
  onUnwanted(): void;
  handOver(unread: Buffer): void;
}

/** Finds messages in what a client's connection reads (C1–C3). */
export class ClientInput {
  private readonly partial = new PartialHead();
  private readonly body = new BodyReader();
  /** Pipelined bytes behind the request under way, or behind answers that the client doesn't read. */
  private held: Buffer | null = null;
  /** What has come is being read just now, and read on when whoever hears of it is done. */
  isReading = false;

  constructor(
    private readonly listener: Listener,
    private readonly wire: Pick<Wire, 'isCongested' | 'pauseReads'>,
  ) {}

  get holds(): boolean {
    return this.held !== null;
  }

  read(bytes: Buffer, from: number, to: number): void {
    this.isReading = true;
    this.run(bytes, from, to);
    this.isReading = false;
    this.listener.onReadDone();
  }

  /** Between two requests: what is held comes first, while the client reads. Whether nothing is held any more. */
  readHeld(): boolean {
    while (this.held !== null && this.listener.state === is.idle && !this.wire.isCongested) {
      const { held } = this;
      this.held = null;
      this.read(held, 0, held.length);
    }
    return this.held === null;
  }

  /** Nothing that is held is a request any more. */
  forget(): void {
    this.held = null;
  }

  private run(bytes: Buffer, from: number, to: number): void {
    const { listener } = this;
    let at = from;
    while (at < to) {
      const { state } = listener;
      if (state === is.answering || (state === is.idle && this.wire.isCongested)) {
        this.held = Buffer.concat([...(this.held ? [this.held] : []), bytes.subarray(at, to)]);
        return this.wire.pauseReads();
      }
      if (state === is.idle || state === is.head) at = this.takeHead(bytes, at, to);
      else if (state === is.taking || state === is.dropping) at = this.takeBody(bytes, at, to);
      else return state === is.lingering ? listener.onUnwanted() : undefined;
    }
  }

  /** Offset of what is behind the head. */
  private takeHead(bytes: Buffer, from: number, to: number): number {
    if (this.partial.isEmpty) return this.scanHead(bytes, from, to);
    if (this.partial.add(bytes, from, to, requestHeadBytesMax)) {
      const all = this.partial.take();
      const end = this.scanHead(all, 0, all.length);
      this.run(all, end, all.length);
    }
    return to;
  }

  private scanHead(bytes: Buffer, from: number, to: number): number {
    const { listener } = this;
    const result = scanRequestHead(bytes, from, to, head);
    if (result === ScanResult.Incomplete) {
      this.partial.add(bytes, from, to, requestHeadBytesMax);
      listener.onHeadBegun();
      return to;
    }
    if (result === ScanResult.Refused) {
      listener.onBadHead(head);
      return to;
    }
    if (head.unusual || head.http10 || head.oddConnection || !listener.takes(bytes, head)) {
      listener.handOver(Buffer.from(bytes.subarray(from, to)));
      return to;
    }
    this.body.begin(head.chunked ? chunkedLength : Math.max(head.contentLength, 0));
    listener.onRequest(head, this.partial.takeBegunMs());
    return head.end;
  }

  private takeBody(bytes: Buffer, from: number, to: number): number {
    const { listener, body } = this;
    const step = body.read(bytes, from, to);
    if (step === ChunkStep.Bad) {
      listener.onBadBody(body.reason);
      return to;
    }
    if (step === ChunkStep.Data && listener.state === is.taking) listener.onBody(bytes, body.dataStart, body.dataEnd);
    if (body.isWhole && (listener.state === is.taking || listener.state === is.dropping)) listener.onBodyWhole();
    return body.at;
  }
}
