import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import type { ResponseHead } from '../http1/response-head.js';

/** Bytes on their way: latin1 text (small pieces; one copy, one system call), or a buffer that nobody changes any more. */
export type Chunk = string | Buffer;

/** How a lane failed before there was an answer, or within it. */
export type LaneFailure = Extract<ForwardResult, { kind: 'unreachable' | 'no_answer' | 'cut' }>;

export interface LaneRequest {
  /**
   * Canonical HTTP/1.1 head in latin1, complete but for framing fields and the empty line: request line, end-to-end fields,
   * what the router says. Checked: has one reading. In parts, one behind the other.
   */
  readonly head: readonly string[];
  /** Whom the head names, and the epoch it says (I4). */
  readonly tenant: string;
  readonly epoch: number;
  /** The answer to HEAD has no body, whatever it says. */
  readonly isHead: boolean;
  /** Body: bytes to come, 0 for none, or -1 for chunked (length unknown). */
  readonly bodyBytes: number;
  /** The head has its Content-Length already. */
  readonly hasLengthField: boolean;
  /** On a connection that was not used before: a reused one was just lost. */
  readonly fresh: boolean;
}

/**
 * A way to one front door: pooled HTTP/1.1 connections, or the stamp link. `send` starts one exchange and never calls
 * back from within; neither do the calls of LaneExchange.
 */
export interface UpstreamLane {
  send(request: LaneRequest, sink: LaneSink): LaneExchange;
}

/** The engine's side of an exchange. Calls come in this order: onWritable*, onInterim*, onHead once, onBody*, then onEnd or onFailed, once. */
export interface LaneSink {
  /** The lane is open, or has room again. Nothing of a body is to be written before `isOpen`. */
  onWritable(): void;
  /** An answer that is not the last (1xx, but 101); no more of them than a client can be made to hold. `bytes` and `head` are good during the call only, here and below. */
  onInterim(bytes: Buffer, head: ResponseHead): void;
  onHead(bytes: Buffer, head: ResponseHead): void;
  /** Body without framing; good during the call only. */
  onBody(bytes: Buffer, from: number, to: number): void;
  /** All that one read held has been told: the moment to write. */
  onReadDone(): void;
  onEnd(): void;
  /** The lane is gone for this exchange. `cut` behind onHead only, the others before it only. */
  onFailed(failure: LaneFailure): void;
}

export interface LaneExchange {
  /** Whether a connection is there and the head has gone; before that a failure is "unreachable". */
  readonly isOpen: boolean;
  /** Body in order, unframed; only while `isOpen`. false: hold back until onWritable. */
  write(chunk: Chunk): boolean;
  /** All that one read of the client held has been written: the moment to send. */
  flush(): void;
  /** The whole body has been written. */
  end(): void;
  /** Flow of the answer. */
  pause(): void;
  resume(): void;
  /**
   * Nothing more is wanted, and no callback follows: a connection in the middle of a message is closed, never used again.
   * `quietly`: the rest of an answer to a request that went out whole may be read and dropped instead.
   */
  cancel(quietly?: boolean): void;
}
