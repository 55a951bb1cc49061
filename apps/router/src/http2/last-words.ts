import type { Http2Session } from 'node:http2';
import type { Duplex } from 'node:stream';

/** Whoever still reads says so, by windows that it opens, far more often than this; it was told to go, and has nothing more to come. */
export const silentMsMax = 5_000;

/** What comes from a client that was told to go, behind its last answer: the only sign that it still reads what the kernel has of it. */
export class LastWords {
  private heardAtMs = 0;
  private heardBytes = -1;

  constructor(
    private readonly session: Pick<Http2Session, 'destroyed'>,
    private readonly socket: Duplex & { readonly bytesRead?: number },
  ) {}

  /** Once all its answers are the kernel's and nothing has come for so long. */
  endIfSilent(nowMs: number): void {
    const { session, socket } = this;
    const { bytesRead = 0, writableFinished } = socket;
    if (!session.destroyed || !writableFinished || bytesRead !== this.heardBytes) {
      this.heardBytes = bytesRead;
      this.heardAtMs = nowMs;
    } else if (nowMs - this.heardAtMs >= silentMsMax) socket.destroy();
  }
}
