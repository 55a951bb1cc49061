import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { dropMs } from './client-bounds.js';
import { LastBytes, lingerMs, lookEveryMs } from './last-bytes.js';
import type { RouterMetrics } from './metrics.js';

/** What node:http calls when the last answer of a connection is sent. */
interface Closable {
  destroySoon?: () => void;
}

/**
 * Ends of connections of node:http, which closes a socket as soon as its last answer is the kernel's: a client that is still sending would have that
 * answer reset. Here only our side is closed then; what the client sends is dropped, as on the fast path.
 */
export class Endings {
  private readonly requests = new WeakMap<Duplex, IncomingMessage>();
  /** All that there are, those that were attached, too. */
  readonly connections = new Set<Duplex>();
  private readonly ending = new Set<Duplex>();

  /** `condemn`: no request is taken from it any more. */
  constructor(
    private readonly metrics: RouterMetrics,
    private readonly idleMs: number,
    private readonly condemn: (socket: Duplex) => void,
  ) {}

  /** Connections that are being ended. */
  get size(): number {
    return this.ending.size;
  }

  get unsentBytes(): number {
    let sum = 0;
    for (const { writableLength } of this.connections) sum += writableLength;
    return sum;
  }

  /** For a connection that node:http has been given. */
  watch(socket: Duplex): void {
    this.connections.add(socket);
    socket.once('close', () => this.connections.delete(socket));
    (socket as Closable).destroySoon = () => this.end(socket);
  }

  /** The newest of its connection. */
  took(request: IncomingMessage): void {
    this.requests.set(request.socket, request);
  }

  /** Behind what is written. */
  end(socket: Duplex): void {
    if (this.ending.has(socket)) return;
    this.condemn(socket);
    socket.end();
    const request = this.requests.get(socket);
    const isSending = request !== undefined && !request.complete;
    if (isSending) request.resume();
    this.linger(socket as Duplex & { readonly bytesRead?: number }, isSending ? dropMs : lingerMs);
  }

  private linger(socket: Duplex & { readonly bytesRead?: number }, takesMs: number): void {
    const last = new LastBytes(socket.writableLength, takesMs, this.idleMs);
    const readBytes = socket.bytesRead;
    const look = (): void => {
      if (socket.bytesRead !== readBytes) last.giveMore();
      const leftMs = last.leftMs(socket.writableLength);
      if (leftMs > 0) timer = setTimeout(look, Math.min(leftMs, lookEveryMs));
      else {
        if (socket.writableLength > 0) this.metrics.lapidary_router_clients_given_up_total.inc({ cause: 'stalled' });
        socket.destroy();
      }
    };
    let timer = setTimeout(look, lookEveryMs);
    this.ending.add(socket);
    socket.once('close', () => {
      clearTimeout(timer);
      this.ending.delete(socket);
    });
  }
}
