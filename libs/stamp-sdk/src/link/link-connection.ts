import { connect } from 'node:net';
import { AskingEnd } from './asking-end.js';
import type { LinkRequest } from './frame-batch.js';
import type { LinkFault } from './frames.js';
import { defaultSettings } from './hello.js';
import { LinkSocket, type PastStream } from './link-socket.js';
import type { LinkStream, StreamListener } from './link-stream.js';
import { agreesToLink, linkUpgradeRequest } from './upgrade-link.js';

/** One read holds the answers of a busy turn. */
const readBufferBytes = 256 * 1024;
/** The answer to the upgrade is a handful of lines. */
const upgradeBytesMax = 4 * 1024;

export interface LinkConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** Whom it must lead to. */
  readonly stamp: string;
  readonly routerId: string;
  readonly key: string | null;
  /** From the start to READY. */
  readonly openMs: number;
  /** After how long without a byte the other end is asked whether it is there. */
  readonly quietMs?: number;
  /** null, or left out: the socket writes as a stream does. */
  readonly pastStream?: PastStream | null;
  /** What is read into; several links may have one, since what one read brought is used or copied before the next. Its own, where none is given. */
  readonly readBuffer?: Buffer;
  readonly onOpen: () => void;
  /** Takes no new requests from now on. */
  readonly onLeaving: () => void;
  readonly onClosed: (fault: LinkFault | 'not_spoken', detail: string) => void;
}

/** A stream's owner that also wants to know when a read is over. */
export interface LinkListener extends StreamListener {
  readDone(): void;
}

/** The router's side of one link to a front door, from the connection to its end. */
export class LinkConnection {
  private readonly end: AskingEnd;
  private readonly touched: LinkListener[] = [];
  private readonly openTimer: NodeJS.Timeout;
  private upgrade: Buffer | null = Buffer.alloc(0);
  private isOver = false;

  constructor(private readonly options: LinkConnectionOptions) {
    const { host, port, stamp, routerId: name, key } = options;
    const buffer = options.readBuffer ?? Buffer.allocUnsafeSlow(readBufferBytes);
    const socket = connect({ host, port, noDelay: true, onread: { buffer, callback: (bytes) => this.read(buffer, bytes) } });
    const io = new LinkSocket(socket, {
      onOpen: () => {
        clearTimeout(this.openTimer);
        options.onOpen();
      },
      onLeaving: options.onLeaving,
      onClosed: (fault, detail) => this.closed(fault, detail),
      onReadDone: () => this.readDone(),
      closesWhenDrained: true,
      quietMs: options.quietMs,
      pastStream: options.pastStream,
    });
    this.end = new AskingEnd({ name, stamp, key, settings: defaultSettings }, io);
    this.io = io;
    this.openTimer = setTimeout(() => this.end.close('silent', 'it did not open in time'), options.openMs);
    io.start(this.end, Buffer.alloc(0));
    socket.write(linkUpgradeRequest(`${host}:${port}`));
    socket.once('connect', () => options.pastStream?.hearReads(socket, (bytes) => !socket.destroyed && this.read(buffer, bytes)));
  }

  private readonly io: LinkSocket;

  get hasRoom(): boolean {
    return this.end.hasRoom;
  }

  get streamCount(): number {
    return this.end.streamCount;
  }

  /** The socket takes no more at the moment. */
  get isCongested(): boolean {
    return this.end.isCongested;
  }

  get blockedCount(): number {
    return this.end.blockedCount;
  }

  ask(request: LinkRequest, listener: LinkListener): LinkStream | null {
    return this.end.ask(request, listener);
  }

  /** Its listener is told when the present read is over; to be asked for once in a read. */
  touch(listener: LinkListener): void {
    this.touched.push(listener);
  }

  /** No new requests; closes when those under way are over. */
  leave(): void {
    this.end.leave('the router drains');
  }

  close(): void {
    this.end.close('closed', 'the router is done with it');
  }

  private read(bytes: Buffer, length: number): boolean {
    if (this.upgrade === null) this.io.receive(bytes, length);
    else this.readUpgrade(Buffer.concat([this.upgrade, bytes.subarray(0, length)]));
    return true;
  }

  private readUpgrade(sofar: Buffer): void {
    this.upgrade = sofar;
    const endAt = sofar.indexOf('\r\n\r\n');
    if (endAt < 0 && sofar.length <= upgradeBytesMax) return;
    if (endAt < 0 || !agreesToLink(sofar.toString('latin1', 0, endAt + 2))) return this.notSpoken();
    this.upgrade = null;
    const first = sofar.subarray(endAt + 4);
    if (first.length > 0) this.io.receive(first, first.length);
  }

  private notSpoken(): void {
    const line = this.upgrade!.toString('latin1').split('\r\n')[0]!;
    // A door that drains says so; its successor may be there in a moment.
    if (!line.startsWith('HTTP/1.1 503')) {
      this.isOver = true;
      clearTimeout(this.openTimer);
      this.options.onClosed('not_spoken', line);
    }
    this.end.close('broken', line);
  }

  private readDone(): void {
    const { touched } = this;
    for (let i = 0; i < touched.length; i += 1) touched[i]!.readDone();
    touched.length = 0;
  }

  private closed(fault: LinkFault, detail: string): void {
    clearTimeout(this.openTimer);
    if (this.isOver) return;
    this.isOver = true;
    this.options.onClosed(fault, detail);
  }
}
