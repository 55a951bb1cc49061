import { Socket } from 'node:net';
import type { ListenPlace } from '../listening.js';
import { listenForSockets, NetTransport } from './net-transport.js';
import type { DirectWrites } from './direct-writes.js';
import { RawTier, type Tier } from './raw-tier.js';
import { RawWire } from './raw-wire.js';
import { testedDirectWrites } from './test-direct-writes.js';
import { testRawTier } from './test-raw-tier.js';
import type { Listener, Transport, Wire, WireHandler } from './wire.js';

/** What one thread has been seen to do. */
export interface Tested {
  /** null: this Node doesn't give its handles. */
  readonly tier: RawTier | null;
  readonly direct: DirectWrites | null;
}

const testThisThread = async (): Promise<Tested> => {
  const tier = RawTier.ofThisNode();
  if (tier !== null) await testRawTier(tier);
  return { tier, direct: await testedDirectWrites() };
};
let tested: Promise<Tested> | null = null;
const ofThisThread = (): Promise<Tested> => (tested ??= testThisThread());

const untested: Tier = { state: 'untested', reason: 'not tested yet', onAbandoned: () => () => undefined };
const notGiven: Tier = { ...untested, state: 'public', reason: 'this Node does not give its handles' };

/**
 * Tier B where it has passed its test and has not surprised, else tier A (T1–T3). Sockets accept and connect, by node:net's documented interface;
 * what is raw begins with the connection.
 */
export class RawTransport implements Transport {
  readonly name = 'raw';
  private readonly net = new NetTransport();
  private raw: RawTier | null = null;
  private direct: DirectWrites | null = null;
  private told: Tier = untested;

  /** `of`: asked at each listen, and each prepare(). */
  constructor(private readonly of: () => Promise<Tested> = ofThisThread) {}

  get tier(): Tier {
    return this.told;
  }

  get pastStream(): DirectWrites | null {
    return this.direct;
  }

  async prepare(): Promise<void> {
    const { tier, direct } = await this.of();
    this.raw = tier;
    this.direct = direct;
    this.told = tier ?? notGiven;
  }

  async listen(place: ListenPlace, accept: (wire: Wire) => WireHandler): Promise<Listener> {
    await this.prepare();
    return listenForSockets(place, (socket) => this.take(socket, accept));
  }

  connect(host: string, port: number, handler: WireHandler): Wire {
    const { raw } = this;
    if (!raw?.isRaw) return this.net.connect(host, port, handler);
    const socket = new Socket({ allowHalfOpen: true });
    const wire = new RawWire(raw, '', socket);
    let failure: string | null = null;
    wire.start(handler);
    socket.once('error', (error: NodeJS.ErrnoException) => (failure = error.code ?? error.message));
    socket.once('close', () => wire.notConnected(failure));
    socket.once('connect', () => {
      const handle = raw.adopt(socket);
      if (handle === null) socket.destroy();
      else wire.connected(handle);
    });
    socket.setNoDelay(true);
    // Paused, it doesn't begin to read by itself.
    socket.pause();
    socket.connect({ host, port });
    return wire;
  }

  private take(socket: Socket, accept: (wire: Wire) => WireHandler): void {
    const { raw } = this;
    if (!raw?.isRaw) return this.net.take(socket, accept);
    const remoteAddress = socket.remoteAddress ?? '';
    const handle = raw.adopt(socket);
    // Not one that we know: it is as it was, and goes the documented way; else the client has gone again already.
    if (handle === null) return raw.isRaw ? undefined : this.net.take(socket, accept);
    const wire = new RawWire(raw, remoteAddress);
    wire.start(accept(wire));
    wire.begin(handle);
  }
}
