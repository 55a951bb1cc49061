import type { Socket } from 'node:net';

type Ends = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localPort'>;

const keyOf = ({ remoteAddress, remotePort, localPort }: Ends): string => `${remoteAddress} ${remotePort} ${localPort}`;

/**
 * Who is behind a connection that a load balancer made. Found by the connection's ends, which no two open connections share, and not by the
 * socket object: TLS and HTTP/2 wrap it into others.
 */
export class ClientAddresses {
  private readonly told = new Map<string, { readonly address: string }>();

  tell(socket: Socket, address: string): void {
    const key = keyOf(socket);
    const entry = { address };
    this.told.set(key, entry);
    // The system may give the same ends to a new connection before this one's end is heard of.
    socket.once('close', () => {
      if (this.told.get(key) === entry) this.told.delete(key);
    });
  }

  /** The client's address, by what was told or by the connection itself. */
  of(socket: Ends): string {
    return this.told.get(keyOf(socket))?.address ?? socket.remoteAddress ?? '';
  }
}
