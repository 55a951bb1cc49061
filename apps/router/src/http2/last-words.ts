import type { Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { portsOwed, underWayTo } from '../kernel-sockets.js';

/** Whoever still reads says so, by windows that it opens, mostly far more often than this; it was told to go, and has nothing more to come. */
export const silentMsMax = 5_000;
/** Looking costs a walk through the kernel's table. */
const lookAgainMs = 1_000;

/** What is known of where a connection is. */
type Ends = Partial<Pick<Socket, 'localPort' | 'remotePort' | 'localFamily'>>;

/** Whether all that was sent has come to the client's machine, where ours can say so. */
const hasCome = ({ localPort, remotePort, localFamily }: Ends): boolean => {
  if (localPort === undefined || remotePort === undefined) return true;
  const place = { port: localPort, family: localFamily ?? 'IPv4' };
  return underWayTo(place, remotePort) === 0;
};

/** Whether something is under way to who is at the other end, by one look at each of our ports. */
export const owedBy = (): ((socket: Duplex & Ends) => boolean) => {
  const owed = new Map<number, ReadonlySet<number>>();
  return ({ localPort: port, remotePort, localFamily: family = 'IPv4' }) => {
    if (port === undefined || remotePort === undefined) return false;
    let ports = owed.get(port);
    if (ports === undefined) owed.set(port, (ports = portsOwed({ port, family })));
    return ports.has(remotePort);
  };
};

/** What comes from a client that was told to go, behind its last answer: the sign that it still reads what the kernel has of it. */
export class LastWords {
  private heardAtMs = 0;
  private heardBytes = -1;

  constructor(
    private readonly session: Pick<Http2Session, 'destroyed'>,
    private readonly socket: Duplex & Ends & Partial<Pick<Socket, 'bytesRead'>>,
    private readonly isThere: (socket: Ends) => boolean = hasCome,
  ) {}

  /** Once all its answers are there and nothing has come for so long. */
  endIfSilent(nowMs: number): void {
    const { session, socket } = this;
    const { bytesRead = 0, writableFinished } = socket;
    if (!session.destroyed || !writableFinished || bytesRead !== this.heardBytes) {
      this.heardBytes = bytesRead;
      this.heardAtMs = nowMs;
    } else if (nowMs - this.heardAtMs >= silentMsMax) {
      // With a window for all of it, a client may be reading and say nothing.
      if (this.isThere(socket)) socket.destroy();
      else this.heardAtMs = nowMs - silentMsMax + lookAgainMs;
    }
  }
}
