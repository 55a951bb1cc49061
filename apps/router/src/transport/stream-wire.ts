import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { SocketWire } from './socket-wire.js';
import { nobody, type WireHandler } from './wire.js';

/** A connection that is a stream already, since somebody has read from it: TLS, or what comes behind a PROXY header. It may be paused, with bytes read. */
export class StreamWire extends SocketWire {
  /** `remoteAddress`: the client's, where the connection's other end is somebody else. */
  constructor(socket: Socket, remoteAddress: string) {
    super(socket, remoteAddress);
    socket.allowHalfOpen = true;
  }

  override start(handler: WireHandler): void {
    super.start(handler);
    this.socket.on('data', this.onData).resume();
  }

  /** A stream that is paused still reads until it has a buffer full, and asks for more by itself. */
  override leaveUnread(): void {
    super.leaveUnread();
    this.socket._read = () => undefined;
    (this.socket as unknown as { readonly _handle?: { readStop?: () => void } | null })._handle?.readStop?.();
  }

  /** TLS has no reset of its own: its connection is closed without the end that it would say. */
  reset(): void {
    this.handler = nobody;
    if (this.socket instanceof TLSSocket) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** The same socket, paused: it goes on when it is told to. */
  handOver(unread: Buffer): Duplex {
    const { socket } = this;
    this.letGo();
    socket.off('data', this.onData).pause();
    if (unread.length > 0) socket.unshift(unread);
    return socket;
  }

  private readonly onData = (bytes: Buffer): void => this.handler.onRead(bytes, bytes.length);
}
