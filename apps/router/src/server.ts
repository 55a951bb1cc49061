import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { toAppError } from '@lapidary/kernel/app-error';
import type { ForwardOptions } from '@lapidary/stamp-sdk/forward/forward-request';
import { headerValues } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import { ReplayBuffer } from '@lapidary/stamp-sdk/forward/replay-buffer';
import { awaitsContinue, bodyFraming, requestProblem } from '@lapidary/stamp-sdk/forward/request-check';
import { RequestTurns } from '@lapidary/stamp-sdk/forward/request-turns';
import { asksForUpgrade, responseOnSocket } from '@lapidary/stamp-sdk/forward/upgrade';
import type { Logger } from '@lapidary/telemetry/logger';
import { gaugeOf } from '@lapidary/telemetry/tally';
import { answerProblem } from './answer-problem.js';
import { Endings } from './endings.js';
import { GeneralDrain } from './general-drain.js';
import type { IdentificationOf } from './identification/identification.js';
import { InFlight } from './in-flight.js';
import { countdown } from './leave.js';
import { listen, type ListenPlace } from './listening.js';
import { nodeServer } from './node-server.js';
import { answerParserError, refuseConnect } from './parser-errors.js';
import { nobody, type Whose } from './observe/ended-request.js';
import { Observer } from './observe/observer.js';
import { decide, type RouteDecision } from './pipeline/decide.js';
import { forward, refuseInTurn, type Exchange, type ForwardDeps, type ForwardInTurn, type Outcome } from './pipeline/forward.js';
import { GeneralDeadline } from './pipeline/general-deadline.js';
import type { VersionedDirectory } from './pipeline/locate.js';
import { holdBodies, leaveUnread, letBodiesCome } from './pipeline/leave-unread.js';
import { isFrozen, Thaw } from './pipeline/thaw.js';
import type { RouterPlace } from './pipeline/reside.js';
import type { ClientBook } from './proxy-protocol/client-book.js';
import { tenantHeaderOfClients, type RequestAddress, type TokenFacts } from './pipeline/identify.js';
import { requestIdOf } from './request-marks.js';
import { answerOwnPath } from './route-claims/answer-own-path.js';
import type { OwnPaths } from './route-claims/own-paths.js';
import { RefusalTurns } from './traffic-policy/refusal-turns.js';

export interface TrafficServerOptions extends ForwardDeps {
  readonly baseDomain: string;
  /** Who the client is. */
  readonly clients: Pick<ClientBook, 'of' | 'asks'>;
  /** What the router answers itself. */
  readonly ownPaths?: () => OwnPaths | undefined;
  /** Where to look for tenants, beside the usual order. */
  readonly identification?: () => IdentificationOf | undefined;
  readonly directory: VersionedDirectory;
  readonly place: RouterPlace;
  readonly logger: Logger;
  /** What watches requests; one that only counts, where none is given. */
  readonly observer?: Observer;
  /** Who is told no, and when; a test's own, with its clock. */
  readonly refusals?: RefusalTurns;
  /** How long a request of a tenant that is frozen may wait; 0, or left out: it is refused at once. */
  readonly freezeWaitMs?: number;
  /** Without a byte in either direction; some clients of WebSockets ping once in five minutes only. */
  readonly tunnelIdleMs: number;
}

type Tunnel = ForwardOptions['tunnel'];

/** The port that tenants' clients talk to: each request is decided, then refused or forwarded. */
export class TrafficServer {
  readonly inFlight: InFlight;
  readonly observer: Observer;
  /** Of both paths. */
  readonly refusals: RefusalTurns;
  /** Of both paths. */
  readonly thaw: Thaw;
  private readonly forwarding: ForwardInTurn;
  private readonly server: Server;
  private readonly onceOnly = new WeakSet<Duplex>();
  private readonly endings: Endings;
  private readonly ending: GeneralDrain;
  private readonly turns = new RequestTurns();
  private readonly condemn = (socket: Duplex): void => (this.inFlight.condemn(socket), this.turns.drop(socket));
  private draining = false;

  constructor(private readonly options: TrafficServerOptions) {
    this.inFlight = new InFlight(options.metrics);
    this.observer = options.observer ?? new Observer(options.metrics);
    this.refusals =
      options.refusals ?? new RefusalTurns((error) => options.logger.error({ err: error }, 'a refusal failed inside the router'));
    this.thaw = new Thaw(options.directory, options.freezeWaitMs ?? 0);
    this.forwarding = { ...options, refusals: this.refusals, thaw: this.thaw };
    gaugeOf(options.metrics.lapidary_router_refusals_waiting, () => this.refusals.waiting);
    gaugeOf(options.metrics.lapidary_router_unsent_bytes, () => this.unsentBytes);
    this.server = nodeServer((socket) => this.turns.isBusy(socket));
    this.endings = new Endings(options.metrics, options.timeouts.idleMs, (socket) => this.condemn(socket));
    this.ending = new GeneralDrain(this.server, this.endings, this.inFlight);
    this.server.on('connection', (socket: Duplex) => this.endings.watch(socket));
    const take = (request: IncomingMessage, response: ServerResponse): void => void this.takeInTurn(request, response);
    this.server.on('request', take);
    this.server.on('checkContinue', take);
    this.server.on('checkExpectation', take);
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.takeInTurn(request, responseOnSocket(request, socket), { socket, head, idleMs: options.tunnelIdleMs });
    });
    this.server.on('connect', (request: IncomingMessage, socket: Duplex) => {
      if (!this.inFlight.endAfterAnswers(socket)) refuseConnect(request, socket, this.endings);
    });
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      // The answer to what came before ends this connection.
      if (this.inFlight.isCondemned(socket) || this.inFlight.endAfterAnswers(socket)) return;
      options.metrics.lapidary_router_bad_requests_total.inc({ code: error.code ?? 'unknown' });
      // Behind a last answer that is not sent yet.
      if (error.code === 'HPE_CLOSED_CONNECTION') return this.endings.end(socket);
      answerParserError(error, socket, this.inFlight.mayAnswerOn(socket), this.endings);
    });
  }

  /** Of answers, until their clients read. */
  get unsentBytes(): number {
    return this.endings.unsentBytes;
  }

  listen(place: ListenPlace): Promise<number> {
    return listen(this.server, place);
  }

  /** Takes a connection from the fast path, with its unread bytes in the stream. `once`: it ends with its answer, so that the client comes back there. */
  attach(stream: Duplex, once = false): void {
    if (once) this.onceOnly.add(stream);
    // TLS sockets else end our side as soon as the client has ended its own.
    stream.allowHalfOpen = true;
    this.server.emit('connection', stream);
    // It may have been held until somebody reads.
    stream.resume();
  }

  /** Takes one request that somebody else has read (HTTP/2). `problem`: what made it unfit for HTTP/1.1's terms there. */
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    tunnel?: Omit<NonNullable<Tunnel>, 'head' | 'idleMs'>,
    problem: Problem = null,
  ): void {
    const over = this.inFlight.add(request.socket, response, tunnel?.socket);
    response.on('error', () => undefined);
    const whole = tunnel && { ...tunnel, head: Buffer.alloc(0), idleMs: this.options.tunnelIdleMs };
    void this.take(request, response, whole, problem).finally(over);
  }

  /** What the fast path could do and leaves to this one all the same. */
  wants(request: { readonly target: string }): boolean {
    return this.options.clients.asks || this.options.ownPaths?.()?.concerns(request.target) === true;
  }

  /** Keeps time for connections that are attached, where the server itself never listens. */
  keepTime(): void {
    this.server.emit('listening');
  }

  /** Takes no new connections, lets what is being worked on end within `graceMs`, then cuts what is left, tunnels too. */
  async drain(graceMs: number): Promise<void> {
    const left = countdown(graceMs);
    this.leave();
    await this.stopListening(left());
    await this.end(left());
  }

  /** From now on every answer ends its connection. */
  leave(): void {
    this.draining = true;
    this.refusals.open();
    this.inFlight.endConnections();
  }

  /** Takes what has come, then no new connections; gives idle ones time for what is on its way. */
  stopListening(graceMs: number): Promise<void> {
    return this.ending.stopListening(graceMs);
  }

  end(graceMs: number): Promise<void> {
    return this.ending.end(graceMs);
  }

  /** Requests of one connection one after another, as the fast engine takes them. */
  private async takeInTurn(request: IncomingMessage, response: ServerResponse, tunnel?: Tunnel): Promise<void> {
    const { socket } = request;
    if (this.inFlight.isCondemned(socket)) return;
    this.endings.took(request);
    if (!tunnel && asksForUpgrade(request)) this.endAfter(request, response);
    response.on('error', () => undefined);
    const over = this.inFlight.add(socket, response, tunnel?.socket);
    const turn = this.turns.begin(socket);
    const comes = turn === null || ((await turn) && !socket.destroyed);
    if (comes) await this.take(request, response, tunnel);
    over();
    if (comes) this.turns.end(socket, response);
  }

  private async take(request: IncomingMessage, response: ServerResponse, tunnel?: Tunnel, known: Problem = null): Promise<void> {
    if (this.draining || this.onceOnly.has(request.socket)) response.shouldKeepAlive = false;
    const requestId = requestIdOf(request.headers['x-request-id']);
    const onStart = (): void => {
      if (awaitsContinue(request)) response.writeContinue();
    };
    const body = new ReplayBuffer(request, { empty: bodyFraming(request.rawHeaders).kind === 'none', onStart });
    const trace = this.observer.traces.begin(request.headers.traceparent);
    const client = this.options.clients.of(request);
    const deadline = new GeneralDeadline(this.options, performance.now(), () => response.headersSent);
    const times = { startedMs: performance.now(), admittedMs: 0, stampMs: 0 };
    const ended = (whose: Whose, outcome: string): void => {
      const { startedMs, admittedMs, stampMs } = times;
      const nowMs = performance.now();
      const described = { requestId, trace, method: request.method ?? '', host: request.headers.host, target: request.url ?? '' };
      const status = response.headersSent ? response.statusCode : outcome === 'tunnelled' ? switchedStatus : 0;
      const waitedMs = admittedMs === 0 ? 0 : admittedMs - startedMs;
      this.observer.ended(described, whose, { outcome, status, tookMs: nowMs - startedMs, waitedMs, stampMs }, nowMs);
    };
    try {
      const problem = known ?? problemOf(request);
      const asked = this.tokenOf(request, problem);
      if (asked instanceof Promise) holdBodies(request);
      const token = asked instanceof Promise ? await asked : asked;
      const decideAgain = (): RouteDecision => this.decide(request, problem, token);
      const { outcome, decision } = await this.route({
        request,
        client,
        response,
        body,
        requestId,
        traceparent: trace.toStamp,
        tunnel,
        times,
        deadline,
        decideAgain,
        becameTunnel: () => this.inFlight.becameTunnel(tunnel?.socket),
      });
      ended(decision, outcome);
    } catch (error) {
      this.options.logger.error({ err: error, requestId }, 'a request failed inside the router');
      answerProblem(response, { error: toAppError(error), requestId, close: true });
      ended(nobody, 'internal');
      body.discard();
    } finally {
      deadline.stop();
    }
  }

  /**
   * Node's parser drops what it has read behind a request that asks for an upgrade, also where that is not granted; what comes
   * with the next read it would take for a request, wherever in the client's bytes that begins.
   */
  private endAfter(request: IncomingMessage, response: ServerResponse): void {
    response.shouldKeepAlive = false;
    this.inFlight.condemn(request.socket);
  }

  private async route(exchange: Exchange): Promise<Outcome> {
    const first = exchange.decideAgain();
    // Only a tenant that is frozen is waited for: else the next message of its connection could be handed over before this one is condemned.
    const decision = isFrozen(first) ? await this.thaw.decided(exchange.decideAgain, exchange.deadline, exchange.response) : first;
    if (decision.action === 'refuse' && decision.unread) leaveUnread(exchange.request);
    else letBodiesCome(exchange.request);
    if (decision.action === 'refuse' && (decision.status !== undefined || decision.unread)) this.condemn(exchange.request.socket);
    const own = this.options.ownPaths?.();
    if (own?.isOurs(exchange, decision) === true) return answerOwnPath(this.forwarding, own, exchange, decision);
    return decision.action === 'refuse' ? refuseInTurn(this.refusals, exchange, decision) : forward(this.forwarding, exchange, decision);
  }

  /**
   * Checked before the decision, which is pure and may be made again. Not for a message that is refused anyway: what waits lets Node hand over
   * the next message of its connection, which must be condemned by then.
   */
  private tokenOf(request: IncomingMessage, problem: Problem): TokenFacts | Promise<TokenFacts> | undefined {
    const identification = this.options.identification?.();
    if (identification === undefined || problem !== null) return undefined;
    return identification.facts(request.headers.host ?? '', request.url ?? '', () => request.rawHeaders);
  }

  private decide(request: IncomingMessage, problem: Problem, token: TokenFacts | undefined): RouteDecision {
    const { method = '', url = '', rawHeaders, headers } = request;
    const tenantHeaders = headerValues(rawHeaders, tenantHeaderOfClients);
    const address: RequestAddress = { host: headers.host, tenantHeaders, path: url, token };
    const { baseDomain, directory, place, identification } = this.options;
    const identifyRules = identification?.()?.rules;
    return decide({ address, problem, method, baseDomain, place, directory, identifyRules });
  }
}

/** Written on the socket by who joins a tunnel, past the response. */
const switchedStatus = 101;

type Problem = ReturnType<typeof requestProblem>;

const problemOf = ({ method = '', url = '', httpVersion, rawHeaders }: IncomingMessage): Problem =>
  requestProblem({ method, url, httpVersion, rawHeaders });
