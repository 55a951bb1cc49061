import { createServer, type Socket } from 'node:net';
import { closeWithEmptyQueue } from '../closing.js';
import { listen, type ListenPlace } from '../listening.js';
import type { DirectWrites } from './direct-writes.js';
import { NetWire } from './net-wire.js';
import { testedDirectWrites } from './test-direct-writes.js';
import type { Listener, Transport, Wire, WireHandler } from './wire.js';

let tested: Promise<DirectWrites | null> | null = null;
const ofThisThread = (): Promise<DirectWrites | null> => (tested ??= testedDirectWrites());

/**
 * Tier A: Node's net module. A server gives no way to ask for `onread`, so that the handle of an accepted socket, which has
 * not begun to read (pauseOnConnect), is wrapped anew. Beside that, text is written to the handles themselves where that was
 * seen to work (DirectWrites); nothing else goes around the documented interface.
 */
export class NetTransport implements Transport {
  readonly name = 'net';
  private direct: DirectWrites | null = null;

  /** `directWrites`: asked at the first listen; null: sockets write as streams do. */
  constructor(private readonly directWrites: () => Promise<DirectWrites | null> = ofThisThread) {}

  get pastStream(): DirectWrites | null {
    return this.direct;
  }

  async listen(place: ListenPlace, accept: (wire: Wire) => WireHandler): Promise<Listener> {
    this.direct = await this.directWrites();
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (accepted) => {
      const wire = rewrap(accepted, this.direct);
      if (!wire) return;
      wire.start(accept(wire));
      wire.hearReads();
      wire.socket.read(0);
    });
    const port = await listen(server, place);
    return { port, close: () => closeWithEmptyQueue(server) };
  }

  connect(host: string, port: number, handler: WireHandler): Wire {
    const wire = new NetWire({}, this.direct);
    wire.start(handler);
    wire.socket.once('connect', () => wire.onConnect());
    wire.socket.setNoDelay(true);
    wire.socket.connect({ host, port });
    return wire;
  }
}

const rewrap = (accepted: Socket, direct: DirectWrites | null): NetWire | null => {
  const holder = accepted as unknown as { _handle: unknown };
  const handle = holder._handle;
  // The client has gone again already.
  if (!handle) return null;
  const remoteAddress = accepted.remoteAddress ?? '';
  holder._handle = null;
  return new NetWire({ handle, manualStart: true } as object, direct, remoteAddress);
};
