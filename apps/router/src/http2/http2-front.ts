import {
  constants,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
  type ServerHttp2Session,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestProblem } from '@lapidary/stamp-sdk/forward/request-check';
import type { TunnelOpening } from '@lapidary/stamp-sdk/forward/upgrade';
import { cameTrue } from '../leave.js';
import type { RouterMetrics } from '../metrics.js';
import { nowMs } from '../read-clock.js';
import { dressRequest, dressResponse, pseudoProblem } from './dress-request.js';
import { connectProblem, websocketOf } from './websocket.js';
import { LastWords, owedBy, silentMsMax } from './last-words.js';
import { SessionWatch, type SessionWatchOptions } from './session-watch.js';

/** A WebSocket's stream, and how its client is told that it is open. */
export interface Http2Tunnel {
  readonly socket: Duplex;
  readonly opening: TunnelOpening;
}

export interface Http2Options {
  readonly metrics: RouterMetrics;
  /** The general path: decides, forwards and answers; where there is a `problem`, it refuses, counts and logs. */
  readonly serve: (request: IncomingMessage, response: ServerResponse, tunnel?: Http2Tunnel, problem?: RequestProblem | null) => void;
  /** For tests; else as over HTTP/1.1. */
  readonly patience?: Pick<SessionWatchOptions, 'idleMs' | 'dropMs'>;
}

/** What browsers open at once; each stream may hold a request at a stamp. */
const streamsMax = 128;
/** The same limit as over HTTP/1.1. */
const headerListBytesMax = 16 * 1024;
/** A hundred fields and the four pseudo fields; the general path counts exactly and answers 431. */
const headerPairsMax = 128;
/** Per stream: enough for a line of 20 Mbit/s over 100 ms, and what a client that uploads everywhere can make us hold. */
const windowBytes = 256 * 1024;
/** Until a request of the connection is known to be read here (I3). A client that hasn't heard of it yet takes it for 64 KiB (RFC 9113 §6.9.2). */
const firstWindowBytes = 0;
/** In megabytes: everything that nghttp2 holds for one connection. */
const sessionMemoryMax = 16;
/** Peers change settings once or twice. */
const settingsEntriesMax = 32;
/** Frames that nghttp2 passes over as invalid, and streams that we refused: a client that works sends none. */
const invalidFramesMax = 50;
const rejectedStreamsMax = 100;

/** Connections whose clients may send bodies. */
const opened = new WeakSet<Http2Session>();

/** Node grants windows to all streams of a connection alike, those that are open, too. */
const bodiesOf =
  ({ stream }: Http2ServerRequest): (() => void) =>
  () => {
    const { session } = stream;
    if (session === undefined || session.destroyed || opened.has(session)) return;
    opened.add(session);
    session.settings({ initialWindowSize: windowBytes });
  };

/** Requests over HTTP/2, as the TLS server hands them on. Plain HTTP/2 (h2c) is not spoken: docs/adr/0042. */
export class Http2Front {
  private readonly server: Http2Server;
  private readonly sessions = new Map<ServerHttp2Session, { readonly watch: SessionWatch; readonly socket: Duplex }>();
  /** Whose session is being made. */
  private attached: Duplex | null = null;
  /** Those that may have something to read when they were told to go. */
  private readonly owing = new Map<ServerHttp2Session, LastWords>();

  constructor(private readonly options: Http2Options) {
    this.server = createServer({
      settings: {
        maxConcurrentStreams: streamsMax,
        maxHeaderListSize: headerListBytesMax,
        initialWindowSize: firstWindowBytes,
        enablePush: false,
        // WebSocket (RFC 8441); what else is asked for that way is refused.
        enableConnectProtocol: true,
      },
      maxHeaderListPairs: headerPairsMax,
      maxSessionMemory: sessionMemoryMax,
      maxSettings: settingsEntriesMax,
      maxSessionInvalidFrames: invalidFramesMax,
      maxSessionRejectedStreams: rejectedStreamsMax,
    });
    const take = (request: Http2ServerRequest, response: Http2ServerResponse): void => this.take(request, response);
    this.server.on('request', take);
    this.server.on('checkContinue', take);
    // Else Node answers it, in no words, and nobody counts it.
    this.server.on('checkExpectation', take);
    this.server.on('connect', (request: Http2ServerRequest, response: Http2ServerResponse) => this.takeConnect(request, response));
    this.server.on('session', (session) => this.watch(session));
  }

  attach(socket: Duplex): void {
    this.attached = socket;
    this.server.emit('connection', socket);
  }

  /** Tells every client to open no more streams here (GOAWAY), and lets those that are open end. */
  drain(): void {
    const now = nowMs();
    const isOwed = owedBy();
    for (const [session, { watch, socket }] of this.sessions) {
      if (session.closed || session.destroyed) continue;
      if (watch.wasBusy(now, silentMsMax) || isOwed(socket)) this.owing.set(session, new LastWords(session, socket));
      session.goaway(constants.NGHTTP2_NO_ERROR);
      session.close();
    }
  }

  /**
   * Behind the last answers, which may be on their way for as long as their clients are slow: a client that has them, and was told to go, ends its connection. Where it is
   * closed before, whatever the client still sends (that it has read so much, that it has heard of our settings) resets it, and what was not read yet is lost. One that says
   * nothing any more and stays is not waited for.
   */
  async end(graceMs: number): Promise<void> {
    const allGone = (): boolean => {
      const now = nowMs();
      for (const words of this.owing.values()) words.endIfSilent(now);
      return this.owing.size === 0;
    };
    await cameTrue(allGone, graceMs);
  }

  destroy(): void {
    for (const session of this.sessions.keys()) session.destroy();
  }

  private take(request: Http2ServerRequest, response: Http2ServerResponse): void {
    this.serve(request, response, pseudoProblem(request.rawHeaders));
  }

  private serve(request: Http2ServerRequest, response: Http2ServerResponse, problem: RequestProblem | null): void {
    this.options.serve(dressRequest(request, bodiesOf(request)), dressResponse(response), undefined, problem);
  }

  /** Extended CONNECT for a WebSocket; a plain one asks for a tunnel to anywhere, which nobody gets. */
  private takeConnect(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const problem = connectProblem(request.rawHeaders);
    if (problem !== null) return this.serve(request, response, problem);
    request.on('error', () => undefined);
    const { stream } = response;
    const { request: asked, opening } = websocketOf(request, stream, bodiesOf(request));
    this.options.serve(asked, dressResponse(response), { socket: stream, opening });
  }

  private watch(session: ServerHttp2Session): void {
    const ended = this.options.metrics.lapidary_router_http2_sessions_ended_total;
    const watch = new SessionWatch(session, { onEnded: (reason) => ended.inc({ reason }), ...this.options.patience });
    this.sessions.set(session, { watch, socket: this.attached! });
    // When its socket is closed.
    session.once('close', () => {
      this.sessions.delete(session);
      this.owing.delete(session);
    });
  }
}
