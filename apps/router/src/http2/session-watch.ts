import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { dropMs, keepAliveMs } from '../client-bounds.js';
import { nowMs } from '../read-clock.js';
import { endStream, wasCut, wasEnded } from './dress-request.js';

/**
 * Streams that end by a reset, whoever sent it: a browser that leaves a page resets all it has open, and no more. A client that opens and
 * resets without end makes work that no limit on open streams sees (CVE-2023-44487), and one that provokes our resets does the same
 * (CVE-2025-8671). Answers that a stamp broke off are none of these: one tenant's would end what all others ask on a load balancer's connection.
 */
export const resetsMax = 200;
const resetWindowMs = 10_000;
/** A client that is told to go and stays: its last answers have long been taken. */
const lingerMs = 5_000;

export interface SessionWatchOptions {
  readonly onEnded: (reason: 'resets' | 'protocol') => void;
  /** For tests; else as over HTTP/1.1. */
  readonly idleMs?: number;
  readonly dropMs?: number;
}

/** What one connection over HTTP/2 may do to us: how often it resets, and how long it may stay without asking for anything. */
export class SessionWatch {
  private resets = 0;
  private windowEndsMs = 0;
  private open = 0;
  /** When the last of what was asked on it was over; null: nothing was yet. */
  private lastMs: number | null = null;
  private calmed = false;
  private idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly session: ServerHttp2Session,
    private readonly options: SessionWatchOptions,
  ) {
    session.on('error', (error: NodeJS.ErrnoException) => {
      // A client that is gone is no news.
      if (!this.calmed && error.code?.startsWith('ERR_HTTP2_') === true) options.onEnded('protocol');
    });
    session.on('stream', (stream, headers) => this.took(stream, headers[':method'] === 'CONNECT'));
    session.once('close', () => clearTimeout(this.idle));
    this.rest();
  }

  /** Whether something is asked on it, or was within so long. An answer is written some time before its client has read it. */
  wasBusy(nowMs: number, withinMs: number): boolean {
    return this.open > 0 || (this.lastMs !== null && nowMs - this.lastMs < withinMs);
  }

  /** Until its answer is out a request has its own deadline, and a tunnel none; then its client has a moment to end it, too. */
  private took(stream: ServerHttp2Stream, isTunnel: boolean): void {
    clearTimeout(this.idle);
    this.open += 1;
    let late: NodeJS.Timeout | undefined;
    const dropRest = (): void => {
      late = setTimeout(() => endStream(stream, constants.NGHTTP2_CANCEL), this.options.dropMs ?? dropMs);
    };
    if (!isTunnel) stream.once('finish', () => !stream.readableEnded && !stream.closed && dropRest());
    stream.once('end', () => clearTimeout(late));
    // A reset that calls itself no error would leave what is still to be written waiting.
    stream.once('aborted', () => void (wasEnded(stream) || stream.destroy()));
    stream.once('close', () => {
      clearTimeout(late);
      this.open -= 1;
      this.lastMs = nowMs();
      // A client may call no error what it resets before it has been answered.
      if (!wasCut(stream) && (stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR)) this.noteReset();
      if (this.open === 0) this.rest();
    });
  }

  /** By requests, not by bytes: a client that only sends PINGs would stay for good. */
  private rest(): void {
    if (this.session.destroyed) return;
    this.idle = setTimeout(() => this.letGo(), this.options.idleMs ?? keepAliveMs);
    this.idle.unref();
  }

  private letGo(): void {
    this.session.close();
    this.idle = setTimeout(() => this.session.destroy(), lingerMs);
    this.idle.unref();
  }

  private noteReset(): void {
    const now = performance.now();
    if (now > this.windowEndsMs) {
      this.resets = 0;
      this.windowEndsMs = now + resetWindowMs;
    }
    this.resets += 1;
    if (this.resets <= resetsMax || this.calmed || this.session.destroyed) return;
    this.calmed = true;
    this.options.onEnded('resets');
    // Without an error, Node would end the session by NO_ERROR, whatever the code says.
    this.session.destroy(new Error('too many resets'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}
