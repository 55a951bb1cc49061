/** What a command answers over HTTP. Stored with the idempotency key, so that a repeat gets the very same. */
export interface CommandAnswer<T> {
  readonly status: number;
  readonly body: T;
  readonly headers?: Readonly<Record<string, string>>;
}

export const replayedHeader = 'idempotency-replayed';
