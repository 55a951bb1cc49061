import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * open: bytes pass. cut: connections are reset and new ones refused, as when a peer's machine is gone. black-hole: connections
 * stay and nothing passes, as when a route is lost: nobody is told. mute, deaf: likewise, and only what the region at the near end says,
 * or would hear, is lost.
 */
export type WireState = 'open' | 'cut' | 'black-hole' | 'mute' | 'deaf';

/** The one way from a region to another one's NATS server; it can be broken, and counts what goes through. */
export class Wire {
  private readonly ends = new Set<Socket>();
  private state: WireState = 'open';
  /** Bytes both ways since the last reset. */
  bytes = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {}

  static async to(port: number): Promise<Wire> {
    const server = createServer();
    const wire = new Wire(server, port);
    server.on('connection', (near) => wire.join(near));
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    return wire;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  set(state: WireState): void {
    // What was swallowed is lost for good: a stream of bytes with a hole in it must not go on.
    if (state === 'cut' || this.state !== 'open') for (const end of this.ends) end.destroy();
    this.state = state;
  }

  async close(): Promise<void> {
    for (const end of this.ends) end.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private swallows(isSaid: boolean): boolean {
    return this.state === 'black-hole' || this.state === (isSaid ? 'mute' : 'deaf');
  }

  private join(near: Socket): void {
    if (this.state === 'cut') return void near.resetAndDestroy();
    const far = connect(this.target, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.ends.add(one);
      one.setNoDelay(true);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.ends.delete(one);
        other.destroy();
      });
      one.on('data', (chunk) => {
        if (this.swallows(one === near)) return;
        this.bytes += chunk.length;
        if (!other.write(chunk)) {
          one.pause();
          other.once('drain', () => one.resume());
        }
      });
    }
  }
}
