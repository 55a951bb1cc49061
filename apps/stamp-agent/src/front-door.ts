import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { epochHeader, stampHeader, tenantHeader } from '@lapidary/contracts/workload';
import { toAppError } from '@lapidary/kernel/app-error';
import { fencePassport, readPassport, type FenceDecision, type Passport } from '@lapidary/stamp-sdk/fence';
import { forwardRequest, type ForwardOptions } from '@lapidary/stamp-sdk/forward/forward-request';
import type { ForwardResult, ForwardTimeouts } from '@lapidary/stamp-sdk/forward/forward-result';
import { ReplayBuffer } from '@lapidary/stamp-sdk/forward/replay-buffer';
import {
  awaitsContinue,
  bodyFraming,
  headBytesAtStampMax,
  headerCountAtStampMax,
  requestProblem,
} from '@lapidary/stamp-sdk/forward/request-check';
import { RequestTurns } from '@lapidary/stamp-sdk/forward/request-turns';
import { asksForUpgrade, responseOnSocket, wantsTunnel } from '@lapidary/stamp-sdk/forward/upgrade';
import { Upstream } from '@lapidary/stamp-sdk/forward/upstream';
import type { LinkFault } from '@lapidary/stamp-sdk/link/frames';
import { wantsLink } from '@lapidary/stamp-sdk/link/upgrade-link';
import { errorOf, sendProblem, sendRefusal, sendRequestProblem } from './door-answers.js';
import type { Flights } from './flights.js';
import { LinkDoor } from './link/link-door.js';
import { answerOwnPath, isOwnPath, type OwnPages } from './own-paths.js';
import type { PassportOffice } from './public-door/public-door.js';

/** The workload is next door: connecting takes microseconds, and a second means that it is down or full. */
const timeouts: ForwardTimeouts = { connectMs: 1_000, headMs: 30_000, idleMs: 60_000 };
/** The router gives up a silent tunnel first. */
const tunnelIdleMs = 15 * 60_000;
/** Longer than routers keep idle connections (30 s), so that it is they who close, never we in the middle of a request. */
const keepAliveMs = 65_000;
/** A request head arrives in one or two packets. */
const headersMs = 10_000;
/** A router with traffic uses its idle connections within this time, and then hears that they close. */
const idleLingerMs = 500;
const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

type Rules = ForwardOptions['requestRules'];
type Tunnel = { readonly socket: Duplex; readonly head: Buffer; readonly idleMs: number };

export interface FrontDoorOptions {
  readonly stamp: string;
  readonly workloadUrl: string;
  /** Epoch at which a tenant is held, 0 where it is not. */
  readonly epochOf: (tenant: string) => number;
  /** Whether the agent may serve anything now. */
  readonly serves: () => boolean;
  /** Asked once on a miss; resolves when there may be news, at the latest when a request should wait no longer. */
  readonly onMiss: (isServable: () => boolean) => Promise<void>;
  readonly flights: Flights;
  readonly pages: OwnPages;
  /** Of a public door: who is asked instead of the headers that routers set. */
  readonly office?: PassportOffice;
  readonly onRefused: (reason: string) => void;
  readonly onForwarded: (result: ForwardResult) => void;
  /** The region's link key; null: links come from loopback and private addresses only. */
  readonly linkKey: string | null;
  readonly onLinkClosed: (fault: LinkFault) => void;
  readonly timeouts?: Partial<ForwardTimeouts>;
}

/** The stamp's only way in: fence, then forward (I4). What is refused leaves no trace in the workload. */
export class FrontDoor {
  private readonly server: Server;
  private readonly upstream: Upstream;
  private readonly links: LinkDoor;
  private readonly turns = new RequestTurns();
  private draining = false;

  constructor(private readonly options: FrontDoorOptions) {
    this.upstream = new Upstream(options.workloadUrl);
    this.links = new LinkDoor({
      ...options,
      upstream: this.upstream,
      fenceNow: (passport) => this.decideNow(passport),
      fence: (passport) => this.decide(passport),
      timeouts: { ...timeouts, ...options.timeouts },
    });
    this.server = createServer({
      insecureHTTPParser: false,
      maxHeaderSize: headBytesAtStampMax,
      // requestProblem answers a missing Host itself.
      requireHostHeader: false,
      keepAliveTimeout: keepAliveMs,
      headersTimeout: headersMs,
      // Bodies may take long; what stalls is found by the forward's own time-outs.
      requestTimeout: 0,
      connectionsCheckingInterval: headersMs / 2,
      shouldUpgradeCallback: (request) => !this.turns.isBusy(request.socket) && (wantsTunnel(request) || this.takesLink(request)),
    });
    const take = (request: IncomingMessage, response: ServerResponse): void => void this.takeInTurn(request, response);
    this.server.on('request', take);
    this.server.on('checkContinue', take);
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (this.takesLink(request)) return this.links.accept(request, socket, head);
      void this.takeInTurn(request, responseOnSocket(request, socket), { socket, head, idleMs: tunnelIdleMs });
    });
  }

  /** Never at a public door: a link is believed what it says of tenants, and whoever comes there is not. */
  private takesLink(request: IncomingMessage): boolean {
    return this.options.office === undefined && wantsLink(request);
  }

  /** Links of routers that are open. */
  get linkCount(): number {
    return this.links.size;
  }

  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    return (this.server.address() as AddressInfo).port;
  }

  /**
   * Takes no new connections, lets what is in flight end within `graceMs`, then cuts it. Idle connections stay open for a
   * moment (http's own close would end them at once): a request that is on the wire just now is served, and told to close.
   */
  async drain(graceMs: number): Promise<void> {
    this.draining = true;
    this.links.leave();
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(this.server, () => resolve()));
    const lingerMs = Math.min(idleLingerMs, graceMs);
    await sleep(lingerMs);
    await this.options.flights.drainAll(graceMs - lingerMs);
    this.links.close();
    this.server.closeAllConnections();
    await closed;
    this.upstream.close();
  }

  /** Requests of one connection one after another: clients of a public door may pipeline. */
  private async takeInTurn(request: IncomingMessage, response: ServerResponse, tunnel?: Tunnel): Promise<void> {
    const { socket } = request;
    const turn = this.turns.begin(socket);
    if (turn !== null && !(await turn)) return;
    await this.take(request, response, tunnel);
    this.turns.end(socket, response);
  }

  private async take(request: IncomingMessage, response: ServerResponse, tunnel?: Tunnel): Promise<void> {
    response.on('error', () => undefined);
    // Of what stands behind an upgrade that is not granted node:http has dropped a part.
    if (this.draining || (!tunnel && asksForUpgrade(request))) response.shouldKeepAlive = false;
    const onStart = (): void => {
      if (awaitsContinue(request)) response.writeContinue();
    };
    const body = new ReplayBuffer(request, { empty: bodyFraming(request.rawHeaders).kind === 'none', onStart });
    try {
      await this.answer(request, response, body, tunnel);
    } catch (error) {
      sendProblem(response, this.options.stamp, toAppError(error));
    }
    body.discard();
  }

  private async answer(request: IncomingMessage, response: ServerResponse, body: ReplayBuffer, tunnel?: Tunnel): Promise<void> {
    const { stamp, pages, office, onRefused } = this.options;
    const { method = '', url = '', httpVersion, rawHeaders } = request;
    const problem = requestProblem({ method, url, httpVersion, rawHeaders }, headerCountAtStampMax);
    if (problem !== null) return sendRequestProblem(response, stamp, problem);
    if (isOwnPath(url)) return answerOwnPath(request, response, pages);
    const asked = office ? await office.passportOf(request) : { ok: true as const, passport: readPassport(rawHeaders), rules: { set: {} } };
    const decision = asked.ok
      ? await this.decide(asked.passport)
      : { serve: false as const, reason: asked.reason, tenant: null, heldEpoch: 0 };
    if (!asked.ok || !decision.serve) {
      const refusal = decision as Extract<typeof decision, { serve: false }>;
      onRefused(refusal.reason);
      return sendRefusal(response, stamp, refusal);
    }
    // From the decision to here nothing waits: a drop either came before it, or finds this flight.
    await this.forward(decision, asked.rules, request, response, body, tunnel);
  }

  private async decide(passport: Passport | null): Promise<FenceDecision> {
    const decision = this.decideNow(passport);
    if (decision.serve || decision.reason === 'malformed') return decision;
    await this.options.onMiss(() => this.decideNow(passport).serve);
    return this.decideNow(passport);
  }

  private decideNow(passport: Passport | null): FenceDecision {
    const decision = fencePassport(this.options.epochOf, passport);
    return decision.serve && !this.options.serves()
      ? { serve: false, reason: 'not_serving', tenant: decision.tenant, heldEpoch: 0 }
      : decision;
  }

  private async forward(
    { tenant, epoch }: Extract<FenceDecision, { serve: true }>,
    { set, drop }: Rules,
    request: IncomingMessage,
    response: ServerResponse,
    body: ReplayBuffer,
    tunnel?: Tunnel,
  ): Promise<void> {
    const { stamp, flights, onForwarded } = this.options;
    const cut = (): void => {
      response.destroy();
      tunnel?.socket.destroy(new Error('the tenant is no longer held'));
    };
    const over = flights.enter(tenant, cut);
    try {
      const attempt = (): Promise<ForwardResult> =>
        forwardRequest({
          upstream: this.upstream,
          request,
          response,
          body,
          requestRules: { set: { ...set, [tenantHeader]: tenant, [epochHeader]: String(epoch) }, drop },
          answerRules: { set: { [stampHeader]: stamp } },
          trusted: false,
          timeouts: { ...timeouts, ...this.options.timeouts },
          tunnel,
        });
      let result = await attempt();
      if (wasIdleConnection(result) && body.replayable && idempotentMethods.has(request.method ?? '')) result = await attempt();
      onForwarded(result);
      const error = errorOf(result);
      if (error !== null) sendProblem(response, stamp, error);
    } finally {
      over();
    }
  }
}

/** The workload closed a kept connection just as we used it: it has seen nothing, but only idempotent requests prove that safe. */
const wasIdleConnection = (result: ForwardResult): boolean =>
  result.kind === 'no_answer' && result.reason === 'reset' && result.reusedSocket;
