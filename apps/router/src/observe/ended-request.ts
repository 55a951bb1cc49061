/** What a request's trace is at this router. */
export interface Trace {
  /** What the client sent; "" where that was nothing valid. */
  readonly sent: string;
  /** What the stamp is sent: the same trace, from our span of the forward where one will be recorded. */
  readonly toStamp: string;
}

/** What logs and traces say of a request; read only where it is in one. */
export interface Described {
  readonly requestId: string;
  readonly trace: Trace;
  readonly method: string;
  readonly host: string | undefined;
  /** Path with query. */
  readonly target: string;
}

/** Whose request it was, as far as the decision got. */
export interface Whose {
  readonly tenant: string | null;
  readonly stamp: string | null;
}

/** Nothing of that was decided. */
export const nobody: Whose = { tenant: null, stamp: null };

/** What became of an exchange, told by both paths when it is over; kept by nobody. */
export interface Ended {
  /** answered, tunnelled, cut, client_gone, or the code that the router answered with. */
  outcome: string;
  /** 0 where nothing was answered. */
  status: number;
  tookMs: number;
  /** Until it was admitted. */
  waitedMs: number;
  /** From the start of the last forward to the head of its answer; 0 where none came. */
  stampMs: number;
}
