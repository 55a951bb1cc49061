import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * answered: 200, whole. refused: no connection. lost: there was a connection and no whole answer, with one exception: an idle
 * connection that the other side had closed in order before the request was written.
 */
export type Outcome = 'answered' | 'refused' | 'lost';

const request = (close: boolean): string =>
  `GET / HTTP/1.1\r\nHost: acme.lapidary.localhost\r\n${close ? 'Connection: close\r\n' : ''}\r\n`;
const isWhole = (text: string): boolean => text.startsWith('HTTP/1.1 200') && text.endsWith('ok');
const refusedForMs = 5;

/** One client: either each request on a connection of its own, or all on one for as long as the router keeps it. */
class Client {
  private socket: Socket | null = null;

  constructor(
    private readonly port: number,
    private readonly keepsAlive: boolean,
  ) {}

  get isConnected(): boolean {
    return this.socket !== null;
  }

  async ask(): Promise<Outcome> {
    const socket = this.socket ?? (await this.open());
    if (!socket) return 'refused';
    return new Promise((resolve) => {
      let text = '';
      const end = (): void => {
        socket.removeAllListeners('data');
        socket.removeAllListeners('close');
        this.socket = this.keepsAlive && !socket.destroyed && !/\r\nconnection: close\r\n/i.test(text) ? socket : null;
        if (!this.socket) socket.destroy();
        resolve(isWhole(text) ? 'answered' : 'lost');
      };
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        if (isWhole(text)) end();
      });
      socket.once('close', end);
      socket.write(request(!this.keepsAlive));
    });
  }

  close(): void {
    this.socket?.destroy();
  }

  private open(): Promise<Socket | null> {
    return new Promise((resolve) => {
      const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
      socket.once('connect', () => resolve(socket));
      socket.on('error', () => resolve(null));
      // Its end in order, while nothing was asked.
      socket.on('end', () => {
        if (this.socket === socket) this.socket = null;
      });
    });
  }
}

export interface LoadOptions {
  readonly port: number;
  readonly short: number;
  readonly keepAlive: number;
  /** Asked before each connection that would be new; clients of a load balancer go elsewhere while it says no. */
  readonly mayConnect?: () => boolean;
}

/** For tests: clients that ask one request after the other until told, and what became of each. */
export class Load {
  readonly outcomes: Record<Outcome, number> = { answered: 0, refused: 0, lost: 0 };
  private going = true;
  private readonly clients: Client[] = [];
  private readonly running: Promise<unknown>;

  constructor({ port, short, keepAlive, mayConnect = () => true }: LoadOptions) {
    const client = async (keepsAlive: boolean): Promise<void> => {
      const one = new Client(port, keepsAlive);
      this.clients.push(one);
      while (this.going) {
        if (!one.isConnected && !mayConnect()) {
          await sleep(refusedForMs);
          continue;
        }
        const outcome = await one.ask();
        this.outcomes[outcome] += 1;
        if (outcome === 'refused') await sleep(refusedForMs);
      }
      one.close();
    };
    this.running = Promise.all([
      ...Array.from({ length: short }, () => client(false)),
      ...Array.from({ length: keepAlive }, () => client(true)),
    ]);
  }

  /** Connections that are kept. */
  get connected(): number {
    return this.clients.filter(({ isConnected }) => isConnected).length;
  }

  async stop(): Promise<Record<Outcome, number>> {
    this.going = false;
    await this.running;
    return this.outcomes;
  }
}
