/** How long each part of a forward may take (P-LB3: every hop has an explicit time-out). */
export interface ForwardTimeouts {
  /** Until a connection is there, including the wait for a free one in the pool. */
  readonly connectMs: number;
  /** From the last byte of the request that moved until the answer's head. */
  readonly headMs: number;
  /** Without a byte in either direction, once the answer has begun. */
  readonly idleMs: number;
}

export type NoAnswerReason = 'reset' | 'head_timeout' | 'deadline' | 'bad_answer';

/** A bound on a request as a whole, beside those on its parts; the caller's. */
export interface ForwardDeadline {
  /** Called for each piece of body or answer that moves. */
  moved(bytes: number): void;
  /** From now on `over` is what ends it; `isStream`: its answer has no length and the client reads it. Returns what ends that. */
  bind(over: () => void, isStream: () => boolean): () => void;
  /** It has become a tunnel, which has none. */
  stop(): void;
}

/** What became of a forward, as a value: the caller decides on retries, answers and metrics. */
export type ForwardResult =
  /** The upstream's answer has gone to the client, whole. */
  | { readonly kind: 'answered'; readonly status: number; readonly headMs: number }
  /** The caller wanted this answer for itself; nothing has gone to the client. */
  | { readonly kind: 'intercepted'; readonly status: number; readonly header: (name: string) => string | undefined }
  /** No byte of the request reached the upstream; nothing has gone to the client. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The upstream may have worked on the request, but gave no answer; nothing has gone to the client. */
  | {
      readonly kind: 'no_answer';
      readonly reason: NoAnswerReason;
      readonly detail: string;
      readonly reusedSocket: boolean;
      /** The upstream has certainly not worked on it, though some of it was sent (L7): it does no harm twice, whatever its method. */
      readonly untouched?: boolean;
    }
  /** The upstream failed in the middle of its answer; the client's connection was cut, so that it can tell. */
  | { readonly kind: 'cut'; readonly status: number; readonly reason: string }
  /** The client went away; says nothing about the upstream. */
  | { readonly kind: 'client_gone' }
  /** The client stopped sending its body; nothing has gone to it yet. */
  | { readonly kind: 'client_stalled' }
  /** An upgrade was accepted and both sides have since closed. */
  | { readonly kind: 'tunnelled'; readonly headMs: number; readonly bytesUp: number; readonly bytesDown: number };
