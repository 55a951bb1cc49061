import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * answered: 200, whole. turned_away: 503 for want of a place at the stamp, whole: on a machine with far too much to do the stamp is slow,
 * and gets less by policy, stop or no stop. refused: no connection. lost: there was a connection and no whole answer, with one exception: an idle
 * connection that the other side had closed in order before the request was written. wrong: a whole answer to another request, or to none.
 */
export type Outcome = 'answered' | 'turned_away' | 'refused' | 'lost' | 'wrong';

/** One request in bytes, and what its answer is so far; `lost`: not whole yet. */
export interface Asked {
  readonly bytes: string;
  readonly outcomeOf: (text: string) => Exclude<Outcome, 'refused'>;
}

/** What became of one that was lost, in the client's eyes. */
export interface Loss {
  /** Of performance.now() in the client's process. */
  readonly atMs: number;
  /** From the wish to connect until this process heard that it stood. */
  readonly connectMs: number;
  /** Since the connection stood, and since the request was handed to the kernel. */
  readonly connectedForMs: number;
  readonly askedForMs: number;
  /** What came of the answer to it; empty: the connection was closed before. */
  readonly answer: string;
  /** On this connection, before it. */
  readonly answersBefore: number;
  /** The error that the connection ended with; null: it was closed in order. */
  readonly code: string | null;
  readonly localPort: number;
}

const request = (close: boolean): string =>
  `GET / HTTP/1.1\r\nHost: acme.lapidary.localhost\r\n${close ? 'Connection: close\r\n' : ''}\r\n`;
const usual = (close: boolean): Asked => ({ bytes: request(close), outcomeOf });
const isWhole = (text: string): boolean => text.startsWith('HTTP/1.1 200') && text.endsWith('ok');
export const isTurnedAway = (text: string): boolean =>
  text.startsWith('HTTP/1.1 503') && text.includes('x-lapidary-error: overloaded') && text.endsWith('}');
const outcomeOf = (text: string): 'answered' | 'turned_away' | 'lost' =>
  isWhole(text) ? 'answered' : isTurnedAway(text) ? 'turned_away' : 'lost';
const refusedForMs = 5;

/** One client: either each request on a connection of its own, or all on one for as long as the router keeps it. */
class Client {
  private socket: Socket | null = null;
  private connectedMs = 0;
  private connectMs = 0;
  private answers = 0;
  private code: string | null = null;

  constructor(
    private readonly port: number,
    private readonly keepsAlive: boolean,
    private readonly asks: (close: boolean) => Asked,
    private readonly onLoss: (loss: Loss) => void,
  ) {}

  get isConnected(): boolean {
    return this.socket !== null;
  }

  async ask(): Promise<Outcome> {
    const socket = this.socket ?? (await this.open());
    if (!socket) return 'refused';
    return new Promise((resolve) => {
      let text = '';
      const asked = this.asks(!this.keepsAlive);
      const { localPort = 0 } = socket;
      const askedMs = performance.now();
      const end = (): void => {
        socket.removeAllListeners('data');
        socket.removeAllListeners('close');
        this.socket = this.keepsAlive && !socket.destroyed && !/\r\nconnection: close\r\n/i.test(text) ? socket : null;
        if (!this.socket) socket.destroy();
        const outcome = asked.outcomeOf(text);
        if (outcome === 'lost') this.lose(text, askedMs, localPort);
        else this.answers += 1;
        resolve(outcome);
      };
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        if (asked.outcomeOf(text) !== 'lost') end();
      });
      socket.once('close', end);
      socket.write(asked.bytes, 'latin1');
    });
  }

  close(): void {
    this.socket?.destroy();
  }

  private lose(text: string, askedMs: number, localPort: number): void {
    const atMs = performance.now();
    const [connectedForMs, askedForMs] = [atMs - this.connectedMs, atMs - askedMs];
    const { answers: answersBefore, code } = this;
    const { connectMs } = this;
    this.onLoss({ atMs, connectMs, connectedForMs, askedForMs, answer: text, answersBefore, code, localPort });
  }

  private open(): Promise<Socket | null> {
    return new Promise((resolve) => {
      const beganMs = performance.now();
      const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
      socket.once('connect', () => {
        this.connectedMs = performance.now();
        this.connectMs = this.connectedMs - beganMs;
        this.answers = 0;
        this.code = null;
        resolve(socket);
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        this.code = error.code ?? error.message;
        resolve(null);
      });
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
  /** What is asked next; by default one and the same GET. */
  readonly asks?: (close: boolean) => Asked;
}

/** For tests: clients that ask one request after the other until told, and what became of each. */
export class Load {
  readonly outcomes: Record<Outcome, number> = { answered: 0, turned_away: 0, refused: 0, lost: 0, wrong: 0 };
  readonly losses: Loss[] = [];
  private going = true;
  private readonly clients: Client[] = [];
  private readonly running: Promise<unknown>;

  constructor({ port, short, keepAlive, mayConnect = () => true, asks = usual }: LoadOptions) {
    const client = async (keepsAlive: boolean): Promise<void> => {
      const one = new Client(port, keepsAlive, asks, (loss) => this.losses.push(loss));
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
