/** DATA that we may send: never negative, never more than the other end's window (L3). */
export class Credit {
  constructor(
    public left: number,
    private readonly windowBytes = left,
  ) {}

  /** False: nobody can give back more than was used, it would let us send what the other has no room for. */
  granted(bytes: number): boolean {
    this.left += bytes;
    return bytes > 0 && this.left <= this.windowBytes;
  }
}

/** DATA that the other end may send: with what is unread and what is not announced yet, always the whole window (L3). */
export class Allowance {
  private unannounced = 0;

  constructor(
    private readonly windowBytes: number,
    private left = windowBytes,
  ) {}

  /** False: more than was granted. */
  received(bytes: number): boolean {
    this.left -= bytes;
    return this.left >= 0;
  }

  /**
   * Bytes have been passed on. Returns what to announce now, 0: nothing yet. It is half a window at a time, so that small
   * answers cost no WINDOW at all and large ones one in 32 KiB.
   */
  passedOn(bytes: number): number {
    this.unannounced += bytes;
    if (this.unannounced * 2 < this.windowBytes) return 0;
    const due = this.unannounced;
    this.left += due;
    this.unannounced = 0;
    return due;
  }
}
