import type { Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { underWayTo } from '../kernel-sockets.js';

/** Whoever still reads says so, by windows that it opens, mostly far more often than this; it was told to go, and has nothing more to come. */
export const silentMsMax = 5_000;
/** Looking costs a walk through the kernel's table. */
const lookAgainMs = 1_000;

/** Whether all that was sent has come to the client's machine, where ours can say so. */
const hasCome = ({ localPort, remotePort, localFamily }: Partial<Socket>): boolean => {
  if (localPort === undefined || remotePort === undefined) return true;
  const place = { port: localPort, family: localFamily ?? 'IPv4' };
  return underWayTo(place, remotePort) === 0;
};

/** What comes from a client that was told to go, behind its last answer: the sign that it still reads what the kernel has of it. */
export class LastWords {
  private heardAtMs = 0;
  private heardBytes = -1;

  constructor(
    private readonly session: Pick<Http2Session, 'destroyed'>,
    private readonly socket: Duplex & Partial<Pick<Socket, 'bytesRead' | 'localPort' | 'remotePort' | 'localFamily'>>,
    private readonly isThere: (socket: Partial<Socket>) => boolean = hasCome,
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
      if (this.isThere(socket as Partial<Socket>)) socket.destroy();
      else this.heardAtMs = nowMs - silentMsMax + lookAgainMs;
    }
  }
}
