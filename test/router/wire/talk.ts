import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A client that sends bytes and sees bytes. */
export class Talk {
  text = '';
  /** Nothing more will come. */
  closed = false;
  private readonly waiting = new Set<() => void>();
  private readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    const wake = (): void => {
      for (const check of [...this.waiting]) check();
    };
    const close = (): void => {
      this.closed = true;
      wake();
    };
    socket.on('data', (chunk) => {
      this.text += chunk.toString('latin1');
      wake();
    });
    socket.on('error', close);
    socket.on('end', close);
    socket.on('close', close);
  }

  /** `serverName`: over TLS, asking for that name. */
  static open(port: number, serverName?: string): Promise<Talk> {
    return new Promise((resolve, reject) => {
      const to = { port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true };
      const secure = serverName !== undefined;
      const socket = secure ? connectTls({ ...to, servername: serverName, rejectUnauthorized: false }) : connect(to);
      socket.once('error', reject);
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        socket.off('error', reject);
        resolve(new Talk(socket));
      });
    });
  }

  /**
   * Sends the parts so that each is read for itself: on loopback a written part can be read at once, and two turns of the event
   * loop, which router and client share, let the router do so.
   */
  async send(parts: readonly string[]): Promise<void> {
    for (const [i, part] of parts.entries()) {
      if (i > 0) await turns(2);
      if (this.socket.writable) this.socket.write(part, 'latin1');
    }
  }

  /** No more from here; answers may still come. */
  finish(): void {
    this.socket.end();
  }

  /** Whether `check` became true, the connection closed, or the time was up. */
  until(check: () => boolean, timeoutMs: number): Promise<'so' | 'closed' | 'time'> {
    const now = (): 'so' | 'closed' | undefined => (check() ? 'so' : this.closed ? 'closed' : undefined);
    const already = now();
    if (already) return Promise.resolve(already);
    return new Promise((resolve) => {
      const end = (how: 'so' | 'closed' | 'time'): void => {
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(how);
      };
      const look = (): void => {
        const how = now();
        if (how) end(how);
      };
      const timer = setTimeout(() => end('time'), timeoutMs);
      this.waiting.add(look);
    });
  }

  destroy(): void {
    this.socket.destroy();
  }
}

export const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await nextTurn();
};
