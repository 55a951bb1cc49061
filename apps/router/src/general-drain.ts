import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { closeWithEmptyQueue } from './closing.js';
import type { Endings } from './endings.js';
import type { InFlight } from './in-flight.js';
import { cameTrue, cameTrueBeforeQuiet, countdown, some } from './leave.js';

/** How the general path ends: its listening socket, then its connections, each phase within the time that it is given. */
export class GeneralDrain {
  constructor(
    private readonly server: Server,
    private readonly endings: Endings,
    private readonly inFlight: InFlight,
  ) {}

  /** Takes what has come, then no new connections; gives idle ones time for what is on its way. */
  async stopListening(graceMs: number): Promise<void> {
    const left = countdown(graceMs);
    if (this.server.listening) {
      // That of node:http would close idle connections at once.
      await closeWithEmptyQueue(this.server, left(), () => NetServer.prototype.close.call(this.server));
    }
    await cameTrueBeforeQuiet(() => !some(this.endings.connections, (socket) => this.inFlight.isIdle(socket)), left());
  }

  async end(graceMs: number): Promise<void> {
    const left = countdown(graceMs);
    this.closeIdle();
    await this.inFlight.drain(left(), () => this.closeIdle());
    await cameTrue(() => !some(this.endings.connections, (socket) => this.owesBytes(socket)), left());
    await cameTrueBeforeQuiet(() => this.endings.size === 0, left());
    this.inFlight.cutTunnels();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  /** Node takes a connection for idle as soon as its answer is ended, sent or not; then all stay for a moment. */
  private closeIdle(): void {
    if (!some(this.endings.connections, (socket) => this.owesBytes(socket))) this.server.closeIdleConnections();
  }

  private owesBytes(socket: Duplex): boolean {
    return socket.writableLength > 0 && !this.inFlight.isTunnel(socket);
  }
}
