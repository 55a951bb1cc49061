import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { waitFor } from '@lapidary/kernel/wait-for';
import { queueMsMax } from '../closing.js';
import type { ListenPlace } from '../listening.js';
import { listenForSockets, NetTransport } from './net-transport.js';
import { RawTier } from './raw-tier.js';
import { RawTransport } from './raw-transport.js';
import { StreamWire } from './stream-wire.js';
import type { Listener, Transport, Wire, WireHandler } from './wire.js';

/** For tests: what a handler was told, and that nobody told it anything from within a call. */
export class Recorder implements WireHandler {
  readonly calls: string[] = [];
  text = '';
  bytesRead = 0;
  wire!: Wire;
  /** Called within each call of the handler. */
  act: (call: string, wire: Wire) => void = () => undefined;
  private within = 0;

  onConnect(): void {
    this.note('connect');
  }
  onRead(bytes: Buffer, length: number): void {
    this.bytesRead += length;
    if (this.text.length < 1_000) this.text += bytes.toString('latin1', 0, length);
    this.note('read');
    bytes.fill(0, 0, length);
  }
  onEnd(): void {
    this.note('end');
  }
  onDrain(): void {
    this.note('drain');
  }
  onClose(error: string | null): void {
    this.note(`close${error === null ? '' : ` ${error}`}`);
  }

  /** Runs a call of the wire and fails where a handler is called from within. */
  outside<T>(call: () => T): T {
    this.within += 1;
    try {
      return call();
    } finally {
      this.within -= 1;
    }
  }

  private note(call: string): void {
    if (this.within > 0) throw new Error(`${call} was told from within a call`);
    this.calls.push(call);
    this.within += 1;
    try {
      this.act(call, this.wire);
    } finally {
      this.within -= 1;
    }
  }
}

/** For tests: tier B without its test, so that it is what is tested whatever else the machine does. */
export const trustedHandles = (): RawTransport => {
  const tier = RawTier.ofThisNode()!;
  tier.passed();
  return new RawTransport(() => Promise.resolve({ tier, direct: null }));
};

/** For tests: streams that others have accepted or connected, as if they were a transport's. */
export class StreamTransport implements Transport {
  readonly name = 'streams';
  readonly tier = new NetTransport().tier;
  readonly pastStream = null;

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  listen(place: ListenPlace, accept: (wire: Wire) => WireHandler): Promise<Listener> {
    return listenForSockets(place, (socket) => this.start(socket, accept));
  }

  connect(host: string, port: number, handler: WireHandler): Wire {
    const socket = connect({ host, port, noDelay: true });
    socket.once('connect', () => handler.onConnect?.());
    return this.start(socket, () => handler);
  }

  private start(socket: Socket, accept: (wire: Wire) => WireHandler): Wire {
    const wire = new StreamWire(socket, socket.remoteAddress ?? '');
    wire.start(accept(wire));
    return wire;
  }
}

/** For tests: a transport's listener and plain sockets on the other side. */
export class WireWorld {
  readonly accepted: Recorder[] = [];
  /** What each new handler does in its calls. */
  act: Recorder['act'] = () => undefined;
  private listener!: Listener;
  private readonly sockets: Socket[] = [];
  private readonly servers: Server[] = [];

  constructor(readonly transport: Transport) {}

  async begin(): Promise<void> {
    this.listener = await this.transport.listen({ host: '127.0.0.1', port: 0 }, (wire) => {
      const recorder = new Recorder();
      recorder.wire = wire;
      recorder.act = this.act;
      this.accepted.push(recorder);
      return recorder;
    });
  }

  get port(): number {
    return this.listener.port;
  }

  stopListening(): Promise<void> {
    return this.listener.close(queueMsMax);
  }

  /** A client's socket and the handler at our end. */
  async client(): Promise<{ socket: Socket; recorder: Recorder }> {
    const count = this.accepted.length;
    const socket = connect({ host: '127.0.0.1', port: this.port, allowHalfOpen: true });
    socket.on('error', () => undefined);
    this.sockets.push(socket);
    await soon('the connection to be accepted', () => this.accepted.length > count);
    return { socket, recorder: this.accepted[count]! };
  }

  /** A server with sockets of its own, and our connection to it. */
  async outgoing(): Promise<{ peer: Socket; recorder: Recorder }> {
    const peers: Socket[] = [];
    const port = await this.server((socket) => peers.push(socket));
    const recorder = this.connect(port);
    await soon('the connection', () => peers.length > 0 && recorder.calls.includes('connect'));
    return { peer: peers[0]!, recorder };
  }

  connect(port: number): Recorder {
    const recorder = new Recorder();
    recorder.wire = recorder.outside(() => this.transport.connect('127.0.0.1', port, recorder));
    return recorder;
  }

  async server(onSocket: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      this.sockets.push(socket);
      onSocket(socket);
    });
    this.servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  async end(): Promise<void> {
    await this.listener.close(queueMsMax);
    for (const { wire } of this.accepted) wire.destroy();
    for (const socket of this.sockets) socket.destroy();
    for (const server of this.servers) server.close();
  }
}

export const soon = async (what: string, check: () => boolean): Promise<void> =>
  void (await waitFor(what, () => check() || undefined, { timeoutMs: 60_000, intervalMs: 2 }));

/** Lets everything that is already on its way arrive: a round trip over another connection, and the ticks behind it. */
export const settle = async (world: WireWorld): Promise<void> => {
  for (let i = 0; i < 3; i += 1) {
    const { socket, recorder } = await world.client();
    socket.write('x');
    await soon('a round trip', () => recorder.text === 'x');
    socket.destroy();
  }
};
