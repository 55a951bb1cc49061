import type { ClientRequest, IncomingMessage, InformationEvent, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ForwardDeadline, ForwardResult, ForwardTimeouts, NoAnswerReason } from './forward-result.js';
import { framingHeaders } from './framing-headers.js';
import { requestHeaders, type HeaderRules } from './hop-by-hop.js';
import { Interims, relayInterim } from './relay-interim.js';
import { answerHeaders, answerProblem, relayAnswer } from './relay-answer.js';
import type { ReplayBuffer } from './replay-buffer.js';
import { bodyFraming } from './request-check.js';
import { joinTunnel, switchesAsAsked, tunnelRequestHeaders, type TunnelOpening } from './upgrade.js';
import type { Upstream } from './upstream.js';
import { Watchdog } from './watchdog.js';

export interface ForwardOptions {
  readonly upstream: Upstream;
  /** Has passed requestProblem. */
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: ReplayBuffer;
  /** Path and query for the upstream; by default the request's. */
  readonly path?: string;
  readonly requestRules: HeaderRules;
  readonly answerRules: HeaderRules;
  /** Whether the upstream may set x-lapidary- headers: a stamp's agent may, a workload may not. */
  readonly trusted: boolean;
  /** Asked with the answer's head: true keeps it from the client (result "intercepted"). */
  readonly intercept?: (status: number, header: (name: string) => string | undefined) => boolean;
  readonly timeouts: ForwardTimeouts;
  readonly deadline?: ForwardDeadline;
  /** On a connection that was not used before: a reused one was just lost, and those beside it most likely with it. */
  readonly fresh?: boolean;
  /** Where the request asked for a tunnel (wantsTunnel): the client's socket, and what was read behind the request. */
  readonly tunnel?: { readonly socket: Duplex; readonly head: Buffer; readonly idleMs: number; readonly opening?: TunnelOpening };
  /** Called where the upstream has switched protocols: from then on it is a tunnel. */
  readonly onTunnel?: () => void;
}

type Phase = 'connecting' | 'waiting' | 'answering' | 'settled';

/**
 * Sends one request to one upstream, once, and its answer to the client. Never throws for what a network does. Where
 * nothing has gone to the client, the caller forwards again (with the same body) or answers itself and calls body.discard().
 */
export const forwardRequest = (options: ForwardOptions): Promise<ForwardResult> =>
  new Promise((resolve) => new Forward(options, resolve).start());

const singleHeader =
  (answer: IncomingMessage) =>
  (name: string): string | undefined => {
    const value = answer.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };

class Forward {
  private phase: Phase = 'connecting';
  private readonly startedMs = performance.now();
  private readonly watchdog = new Watchdog(() => this.expired());
  /** The answer says no length. */
  private isOpenEnded = false;
  private readonly interims = new Interims();
  private outgoing!: ClientRequest;
  private unbind: () => void = () => undefined;
  private abandonAnswer: () => void = () => undefined;
  private failAnswer: (error: Error) => void = () => undefined;

  constructor(
    private readonly options: ForwardOptions,
    private readonly resolve: (result: ForwardResult) => void,
  ) {}

  start(): void {
    const { upstream, request, response, tunnel, fresh, requestRules } = this.options;
    if (response.destroyed) return this.settle({ kind: 'client_gone' });
    const { method = 'GET' } = request;
    const headers = requestHeaders(request.rawHeaders, requestRules);
    headers.push(...(tunnel ? tunnelRequestHeaders : framingHeaders(bodyFraming(request.rawHeaders), method)));
    const target = { method, path: this.options.path ?? request.url ?? '/', headers };
    this.outgoing = tunnel || fresh ? upstream.requestAlone(target) : upstream.request(target);
    this.watchdog.start(this.options.timeouts.connectMs);
    this.outgoing.on('socket', (socket: Socket) => this.onSocket(socket));
    this.outgoing.on('error', (error: NodeJS.ErrnoException) => this.onError(error));
    this.outgoing.on('response', (answer) => void this.onAnswer(answer));
    this.outgoing.on('information', (info) => this.onInterim(info));
    this.outgoing.on('upgrade', (answer, socket, head) => void this.onUpgrade(answer, socket, head));
    response.once('close', this.onClientClose);
    const isStream = (): boolean => this.phase === 'answering' && this.isOpenEnded && !response.writableNeedDrain;
    this.unbind = this.options.deadline?.bind(() => this.expired('deadline'), isStream) ?? this.unbind;
  }

  private onSocket(socket: Socket): void {
    const ready = this.options.upstream.url.protocol === 'https:' ? 'secureConnect' : 'connect';
    if (socket.connecting) socket.once(ready, () => this.onConnected());
    else this.onConnected();
  }

  /** The body starts to flow only now: whatever fails before has used nothing up, and may go to another front door. */
  private onConnected(): void {
    if (this.phase !== 'connecting') return;
    this.phase = 'waiting';
    this.watchdog.start(this.options.timeouts.headMs);
    if (!this.options.body.complete) this.outgoing.flushHeaders();
    this.options.body.attach(this.outgoing, this.moved);
  }

  private onInterim(info: InformationEvent): void {
    const { response, answerRules, trusted } = this.options;
    if (this.phase === 'waiting' && this.interims.pass()) relayInterim(info, response, answerRules, trusted);
  }

  private async onAnswer(answer: IncomingMessage): Promise<void> {
    answer.on('error', () => undefined);
    if (this.phase !== 'waiting') return void answer.destroy();
    const status = answer.statusCode ?? 0;
    const header = singleHeader(answer);
    const problem = answerProblem({ status, httpVersion: answer.httpVersion, rawHeaders: answer.rawHeaders });
    if (problem !== null) return this.fail('bad_answer', problem);
    if (this.options.intercept?.(status, header) === true) return this.keepAnswer(answer, status, header);
    // To such a client it would say that the tunnel is open.
    if (this.options.tunnel?.opening && status < 300) return this.fail('bad_answer', 'it did not switch protocols');
    this.isOpenEnded = header('content-length') === undefined;
    if (!this.writeHead(answer, status)) return;
    const headMs = performance.now() - this.startedMs;
    this.abandonAnswer = () => answer.destroy();
    // Node takes a reset for the end of an answer that lasts until the connection closes: it must not look whole.
    this.failAnswer = (error) => void (answer.complete || answer.destroy(error));
    const end = await relayAnswer(answer, this.options.response, this.moved);
    if (end === 'client_gone') return this.abandon({ kind: 'client_gone' });
    if (end === 'upstream_failed') return this.abandon({ kind: 'cut', status, reason: 'the answer ended early' });
    if (this.options.body.complete) return this.settle({ kind: 'answered', status, headMs });
    // An answer that didn't wait for the whole body: its connection is in the middle of a message and can't be used again.
    this.abandon({ kind: 'answered', status, headMs });
    this.options.body.discard();
  }

  private writeHead(answer: IncomingMessage, status: number): boolean {
    const { response, answerRules, trusted, body, timeouts } = this.options;
    try {
      response.writeHead(status, answerHeaders(status, answer.rawHeaders, answerRules, trusted));
    } catch (error) {
      // A status below 100, or a header that the parser let through and the writer does not.
      this.fail('bad_answer', (error as Error).message);
      return false;
    }
    this.phase = 'answering';
    body.forget();
    this.watchdog.start(timeouts.idleMs);
    return true;
  }

  private keepAnswer(answer: IncomingMessage, status: number, header: (name: string) => string | undefined): void {
    this.options.body.detach();
    // Its connection is used again only if the whole request went out; else the rest of the body has nowhere to go.
    if (this.outgoing.writableFinished) answer.resume();
    else this.outgoing.destroy();
    this.settle({ kind: 'intercepted', status, header });
  }

  private async onUpgrade(answer: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { tunnel, response, answerRules, trusted } = this.options;
    socket.on('error', () => socket.destroy());
    if (!tunnel || this.phase !== 'waiting' || !switchesAsAsked(answer) || tunnel.opening?.isFor(answer) === false) {
      socket.destroy();
      return this.fail('bad_answer', 'it switched protocols unasked');
    }
    this.phase = 'answering';
    this.watchdog.stop();
    this.options.deadline?.stop();
    const headMs = performance.now() - this.startedMs;
    this.options.onTunnel?.();
    response.off('close', this.onClientClose);
    if (!tunnel.opening) response.detachSocket(tunnel.socket as never);
    const ends = { client: tunnel.socket, clientHead: tunnel.head, upstream: socket, upstreamHead: head };
    const moved = await joinTunnel(answer, ends, { answerRules, trusted, idleMs: tunnel.idleMs, opening: tunnel.opening });
    this.settle({ kind: 'tunnelled', headMs, ...moved });
  }

  private onError(error: NodeJS.ErrnoException): void {
    if (this.phase === 'connecting') return this.abandon({ kind: 'unreachable', reason: error.code ?? error.message });
    if (this.phase === 'answering') return this.failAnswer(error);
    if (this.phase !== 'waiting') return;
    this.fail(error.code?.startsWith('HPE_') === true ? 'bad_answer' : 'reset', error.code ?? error.message);
  }

  private readonly onClientClose = (): void => {
    if (this.phase === 'connecting' || this.phase === 'waiting') this.abandon({ kind: 'client_gone' });
  };

  private readonly moved = (bytes: number): void => {
    this.watchdog.touch();
    this.options.deadline?.moved(bytes);
  };

  private expired(why: 'silence' | 'deadline' = 'silence'): void {
    const { body, response } = this.options;
    if (this.phase === 'connecting' && why === 'silence') return this.abandon({ kind: 'unreachable', reason: 'connect_timeout' });
    if (this.phase === 'waiting' && !body.complete && !body.blockedBySink) return this.abandon({ kind: 'client_stalled' });
    if (this.phase !== 'answering') return this.fail(why === 'deadline' ? why : 'head_timeout', 'no answer in time');
    // Whoever holds the other up is to blame: a client that doesn't read says nothing about the upstream, which may have given all of its answer.
    if (response.writableNeedDrain || response.writableEnded) response.destroy();
    else this.abandonAnswer();
  }

  private fail(reason: NoAnswerReason, detail: string): void {
    this.abandon({ kind: 'no_answer', reason, detail, reusedSocket: this.outgoing.reusedSocket });
  }

  /** Settles, and lets go of an upstream connection that is in an unknown state. */
  private abandon(result: ForwardResult): void {
    this.settle(result);
    this.outgoing.destroy();
  }

  private settle(result: ForwardResult): void {
    if (this.phase === 'settled') return;
    this.phase = 'settled';
    this.watchdog.stop();
    this.unbind();
    this.options.response.off('close', this.onClientClose);
    this.options.body.detach();
    this.resolve(result);
  }
}
