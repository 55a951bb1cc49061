import type { PastStream } from '@lapidary/stamp-sdk/link/link-socket';
import type { ListenPlace } from '../listening.js';
import { atOneTime, holdTime, letTimeGo } from '../read-clock.js';
import type { Tier } from './raw-tier.js';
import type { Listener, Transport, Wire, WireHandler } from './wire.js';

/**
 * A fault in a handler costs the one connection, not the process: it is reported, the wire is destroyed, and the handler
 * is told so as it is told of any close.
 */
export class GuardedTransport implements Transport {
  constructor(
    private readonly inner: Transport,
    private readonly report: (error: unknown) => void,
  ) {}

  get name(): string {
    return this.inner.name;
  }

  get tier(): Tier {
    return this.inner.tier;
  }

  /** Time stands for each read, as for those of wires. */
  get pastStream(): PastStream | null {
    const { pastStream } = this.inner;
    return (
      pastStream && {
        write: (socket, chunk, onDone) => pastStream.write(socket, chunk, onDone),
        hearReads: (socket, tell) => pastStream.hearReads(socket, (bytes) => atOneTime(() => tell(bytes))),
      }
    );
  }

  listen(place: ListenPlace, accept: (wire: Wire) => WireHandler): Promise<Listener> {
    return this.inner.listen(place, (wire) => this.guard(wire, accept(wire)));
  }

  prepare(): Promise<void> {
    return this.inner.prepare();
  }

  /** What the wire is to tell instead of its handler; for wires that no transport has made, too. */
  guard(wire: Wire, handler: WireHandler): WireHandler {
    const guarded = new GuardedHandler(handler, this.report);
    guarded.wire = wire;
    return guarded;
  }

  connect(host: string, port: number, handler: WireHandler): Wire {
    const guarded = new GuardedHandler(handler, this.report);
    guarded.wire = this.inner.connect(host, port, guarded);
    return guarded.wire;
  }
}

class GuardedHandler implements WireHandler {
  wire!: Wire;

  constructor(
    private readonly inner: WireHandler,
    private readonly report: (error: unknown) => void,
  ) {}

  onConnect(): void {
    try {
      this.inner.onConnect?.();
    } catch (error) {
      this.fail(error);
    }
  }

  onRead(bytes: Buffer, length: number): void {
    holdTime();
    try {
      this.inner.onRead(bytes, length);
    } catch (error) {
      this.fail(error);
    } finally {
      letTimeGo();
    }
  }

  onEnd(): void {
    try {
      this.inner.onEnd();
    } catch (error) {
      this.fail(error);
    }
  }

  onDrain(): void {
    try {
      this.inner.onDrain();
    } catch (error) {
      this.fail(error);
    }
  }

  onClose(code: string | null): void {
    try {
      this.inner.onClose(code);
    } catch (error) {
      this.report(error);
    }
  }

  private fail(error: unknown): void {
    this.report(error);
    this.wire.destroy();
    this.onClose('internal');
  }
}
