/** Ends a stream that has gone silent for longer than its other end ever is. */
export class Silence {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  /** Aborts after the silence, and with whoever else may end the stream. */
  readonly signal: AbortSignal;

  constructor(
    private readonly longestMs: number,
    outer?: AbortSignal,
  ) {
    this.signal = outer === undefined ? this.controller.signal : AbortSignal.any([this.controller.signal, outer]);
  }

  heard(): void {
    clearTimeout(this.timer);
    if (!this.signal.aborted) this.timer = setTimeout(() => this.controller.abort(), this.longestMs);
  }

  async *over(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.heard();
    for await (const chunk of body) {
      // While the caller works on what came, nothing is heard, and nothing is wrong.
      clearTimeout(this.timer);
      yield chunk;
      this.heard();
    }
  }

  end(): void {
    clearTimeout(this.timer);
    this.controller.abort();
  }
}
