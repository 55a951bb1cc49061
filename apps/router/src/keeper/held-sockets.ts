import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { RouterConfig } from '@lapidary/config/router';

interface Place {
  readonly host: string;
  readonly port: number;
}

/** The ports of a router, and what is of each; `tls` only where there are certificates. */
interface OfEach<T> {
  readonly http: T;
  readonly admin: T;
  readonly tls: T | null;
}

export interface HolderStart {
  /** 1 until it is to close them. */
  readonly asleep: Int32Array;
  readonly places: OfEach<Place>;
}

export type HeldSockets = OfEach<{ readonly fd: number; readonly port: number }>;

/** Built beside this file. */
const holderFile = new URL('./socket-holder.js', import.meta.url);

/** Listening sockets that are open as long as this is, whoever else has them; nobody accepts here. */
export class SocketHolder {
  private constructor(
    private readonly ended: Promise<unknown>,
    private readonly asleep: Int32Array,
    readonly places: HolderStart['places'],
    readonly sockets: HeldSockets,
  ) {}

  /** Throws what listen() throws: EADDRINUSE, EACCES … */
  static async open(places: HolderStart['places'], file = holderFile): Promise<SocketHolder> {
    const asleep = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)).fill(1);
    const thread = new Worker(file, { workerData: { places, asleep } satisfies HolderStart });
    const ended = new Promise((resolve) => void thread.once('exit', resolve));
    const [sockets] = (await once(thread, 'message')) as [HeldSockets];
    return new SocketHolder(ended, asleep, places, sockets);
  }

  holds(places: HolderStart['places']): boolean {
    return JSON.stringify(places) === JSON.stringify(this.places);
  }

  /** What others have of the sockets stays open. */
  async close(): Promise<void> {
    Atomics.store(this.asleep, 0, 0);
    Atomics.notify(this.asleep, 0);
    await this.ended;
  }
}

export const placesOf = (config: RouterConfig): HolderStart['places'] => ({
  http: { host: config.LAPIDARY_HTTP_HOST, port: config.LAPIDARY_HTTP_PORT },
  admin: { host: config.LAPIDARY_ADMIN_HOST, port: config.LAPIDARY_ADMIN_PORT },
  tls: config.LAPIDARY_TLS_DIR === undefined ? null : { host: config.LAPIDARY_HTTP_HOST, port: config.LAPIDARY_TLS_PORT },
});
