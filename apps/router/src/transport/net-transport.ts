import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { NetWire } from './net-wire.js';
import type { Listener, Transport, Wire, WireHandler } from './wire.js';

/** As many connections as arrive in a burst while the loop is busy; the kernel caps it by its own limit. */
const backlog = 4096;

/**
 * Tier A: Node's net module. A server gives no way to ask for `onread`, so that the handle of an accepted socket, which has
 * not begun to read (pauseOnConnect), is wrapped anew; nothing else goes around the documented interface.
 */
export class NetTransport implements Transport {
  readonly name = 'net';

  async listen(host: string, port: number, accept: (wire: Wire) => WireHandler): Promise<Listener> {
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (accepted) => {
      const wire = rewrap(accepted);
      if (!wire) return;
      wire.start(accept(wire));
      wire.socket.read(0);
    });
    await listening(server, host, port);
    return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
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

const rewrap = (accepted: Socket): NetWire | null => {
  const holder = accepted as unknown as { _handle: unknown };
  const handle = holder._handle;
  // The client has gone again already.
  if (!handle) return null;
  const remoteAddress = accepted.remoteAddress ?? '';
  holder._handle = null;
  return new NetWire({ handle, manualStart: true } as object, remoteAddress);
};

const listening = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog }, () => {
      server.off('error', reject);
      // An accept that fails (too many open files) costs that one connection, not the process.
      server.on('error', () => undefined);
      resolve();
    });
  });
