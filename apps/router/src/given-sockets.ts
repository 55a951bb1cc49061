/** Listening sockets that the keeper has opened, by descriptors of this process. */
export interface GivenSockets {
  /** Of one socket: one for each worker that is started, and some for those that take another's place. */
  readonly http: readonly number[];
  /** The same of TLS, as many; null without certificates. */
  readonly tls: readonly number[] | null;
  readonly admin: number;
}
