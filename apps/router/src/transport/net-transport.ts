import { createServer, type Socket } from 'node:net';
import { closeWithEmptyQueue } from '../closing.js';
import { listen, type ListenPlace } from '../listening.js';
import { takeHandle } from './handle-binding.js';
import { NetWire } from './net-wire.js';
import type { Tier } from './raw-tier.js';
import type { Listener, Transport, Wire, WireHandler } from './wire.js';

const publicTier: Tier = { state: 'public', reason: 'the configuration says so', onAbandoned: () => () => undefined };

/** Listens; `accepted` is given each new socket, which has not begun to read. */
export const listenForSockets = async (place: ListenPlace, accepted: (socket: Socket) => void): Promise<Listener> => {
  const server = createServer({ pauseOnConnect: true, noDelay: true }, accepted);
  const port = await listen(server, place);
  return { port, close: (msMax) => closeWithEmptyQueue(server, msMax) };
};

/**
 * Tier A: Node's net module. A server gives no way to ask for `onread`, so that the handle of an accepted socket, which has
 * not begun to read (pauseOnConnect), is wrapped anew; nothing else goes around the documented interface.
 */
export class NetTransport implements Transport {
  readonly name = 'net';
  readonly tier = publicTier;
  readonly pastStream = null;

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  listen(place: ListenPlace, accept: (wire: Wire) => WireHandler): Promise<Listener> {
    return listenForSockets(place, (socket) => this.take(socket, accept));
  }

  /** A socket that listenForSockets gave. */
  take(accepted: Socket, accept: (wire: Wire) => WireHandler): void {
    const remoteAddress = accepted.remoteAddress ?? '';
    const handle = takeHandle(accepted);
    // null: the client has gone again already.
    if (handle === null) return;
    const wire = new NetWire({ handle, manualStart: true } as object, remoteAddress);
    wire.start(accept(wire));
    wire.socket.read(0);
  }

  connect(host: string, port: number, handler: WireHandler): Wire {
    const wire = new NetWire({});
    wire.start(handler);
    wire.socket.once('connect', () => wire.onConnect());
    wire.socket.setNoDelay(true);
    wire.socket.connect({ host, port });
    return wire;
  }
}
