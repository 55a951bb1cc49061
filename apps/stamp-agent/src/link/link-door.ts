import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError } from '@lapidary/kernel/app-error';
import { readPassport, type FenceDecision, type Passport } from '@lapidary/stamp-sdk/fence';
import type { ForwardResult, ForwardTimeouts } from '@lapidary/stamp-sdk/forward/forward-result';
import { headerValues } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import { headerCountAtStampMax, requestProblem, type RequestLine } from '@lapidary/stamp-sdk/forward/request-check';
import type { Upstream } from '@lapidary/stamp-sdk/forward/upstream';
import { AnsweringEnd, type AskedRequest } from '@lapidary/stamp-sdk/link/answering-end';
import type { LinkFault } from '@lapidary/stamp-sdk/link/frames';
import { defaultSettings } from '@lapidary/stamp-sdk/link/hello';
import { LinkSocket } from '@lapidary/stamp-sdk/link/link-socket';
import type { LinkStream, StreamListener } from '@lapidary/stamp-sdk/link/link-stream';
import { parseRequestHead } from '@lapidary/stamp-sdk/link/request-head';
import { askedVersion, isPrivateAddress, linkUpgradeAnswer } from '@lapidary/stamp-sdk/link/upgrade-link';
import { errorOf, problemAnswer, refusalAnswer, type ProblemAnswer } from '../door-answers.js';
import type { Flights } from '../flights.js';
import { isOwnPath } from '../own-paths.js';
import { headText, LinkForward } from './link-forward.js';
import { ParkedRequest } from './parked-request.js';

export interface LinkDoorOptions {
  readonly stamp: string;
  /** The region's link key; null: routers come from loopback and private addresses only. */
  readonly linkKey: string | null;
  readonly upstream: Upstream;
  /** I4, as at the front door: decides now, and after a wait for news where it missed. */
  readonly fenceNow: (passport: Passport | null) => FenceDecision;
  readonly fence: (passport: Passport | null) => Promise<FenceDecision>;
  readonly flights: Flights;
  readonly onRefused: (reason: string) => void;
  readonly onForwarded: (result: ForwardResult) => void;
  readonly onLinkClosed: (fault: LinkFault) => void;
  readonly timeouts: ForwardTimeouts;
}

const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const refusedUpgrade = (status: string): string => `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;

/** The stamp's door for links: the same fence and the same workload as the front door's, many requests to a connection. */
export class LinkDoor {
  private readonly links = new Set<AnsweringEnd>();
  private isLeaving = false;

  constructor(private readonly options: LinkDoorOptions) {}

  get size(): number {
    return this.links.size;
  }

  /** Takes a connection whose upgrade was asked for; `first` was read behind the request. */
  accept(request: IncomingMessage, connection: Duplex, first: Buffer): void {
    const { stamp, linkKey } = this.options;
    connection.on('error', () => connection.destroy());
    const mayCome = linkKey !== null || isPrivateAddress(request.socket.remoteAddress);
    if (!mayCome || this.isLeaving) {
      const status = mayCome ? '503 Service Unavailable' : '403 Forbidden';
      return void connection.end(refusedUpgrade(status), () => connection.destroy());
    }
    connection.write(linkUpgradeAnswer);
    // Node hands over the net.Socket it parsed from; the declared type is wider.
    const socket = connection as Socket;
    const io = new LinkSocket(socket, {
      onOpen: () => undefined,
      onLeaving: () => undefined,
      onClosed: (fault) => {
        this.links.delete(end);
        this.options.onLinkClosed(fault);
      },
      // The router closes: a request of its that crosses our GOAWAY has to hear that it was refused.
      closesWhenDrained: false,
    });
    const own = { stamp, key: linkKey, settings: defaultSettings, asked: askedVersion(request) };
    const end = new AnsweringEnd(own, io, (asked, stream) => this.take(asked, stream));
    this.links.add(end);
    io.start(end, first);
    socket.on('data', (chunk: Buffer) => io.receive(chunk, chunk.length));
  }

  /** Takes no new requests; those under way go on. */
  leave(): void {
    this.isLeaving = true;
    for (const link of this.links) link.leave('the agent drains');
  }

  close(): void {
    for (const link of [...this.links]) link.close('closed', 'the agent stops');
  }

  /** One request: its checks are the front door's, in the same order. */
  private take(asked: AskedRequest, stream: LinkStream): StreamListener {
    const { fenceNow, fence } = this.options;
    const parked = new ParkedRequest(stream);
    const line = parseRequestHead(asked.bytes.toString('latin1', asked.start, asked.end));
    if (line === null) return this.answer(stream, null, this.bad(null, 'the head has more than one reading'));
    const problem =
      headerValues(line.rawHeaders, 'transfer-encoding').length > 0 ? codedTwice : requestProblem(line, headerCountAtStampMax);
    if (problem !== null) return this.answer(stream, line, this.bad(line, problem.reason, problem.status));
    if (isOwnPath(line.url)) return this.answer(stream, line, this.nothingHere(line));
    const { tenant, epoch, isLast } = asked;
    const conclude = (decision: FenceDecision): StreamListener => {
      // The router said twice whom this is for; where the two differ it is for nobody (L8).
      if (decision.serve && (decision.tenant !== tenant || decision.epoch !== epoch))
        return this.refuse(stream, line, { serve: false, reason: 'malformed', tenant: null, heldEpoch: 0 });
      return decision.serve ? this.forward(stream, line, decision, isLast) : this.refuse(stream, line, decision);
    };
    const passport = readPassport(line.rawHeaders);
    const now = fenceNow(passport);
    if (now.serve || now.reason === 'malformed') return conclude(now);
    void fence(passport).then((later) => {
      // From the decision to here nothing waits: a drop either came before it, or finds this flight.
      if (!parked.isGone) parked.handTo(conclude(later));
    });
    return parked;
  }

  private forward(
    stream: LinkStream,
    line: RequestLine,
    { tenant, epoch }: Extract<FenceDecision, { serve: true }>,
    isWhole: boolean,
  ): StreamListener {
    const { upstream, stamp, flights, timeouts, onForwarded } = this.options;
    let current!: LinkForward;
    const over = flights.enter(tenant, () => current.cut());
    const attempt = (isFirst: boolean): LinkForward =>
      new LinkForward({
        stream,
        upstream,
        stamp,
        tenant,
        epoch,
        line,
        isWhole,
        timeouts,
        onOver: (result) => {
          if (isFirst && isWhole && wasIdleConnection(result) && idempotentMethods.has(line.method)) {
            current = attempt(false);
            stream.listener = current;
            return;
          }
          over();
          onForwarded(result);
          const error = errorOf(result);
          if (error !== null) this.answer(stream, line, problemAnswer(stamp, error, requestIdOf(line)));
        },
      });
    current = attempt(true);
    return current;
  }

  private refuse(stream: LinkStream, line: RequestLine, decision: Extract<FenceDecision, { serve: false }>): StreamListener {
    this.options.onRefused(decision.reason);
    return this.answer(stream, line, refusalAnswer(this.options.stamp, decision, requestIdOf(line)));
  }

  private bad(line: RequestLine | null, reason: string, status = 400): ProblemAnswer {
    return problemAnswer(this.options.stamp, new AppError('invalid_input', reason), line && requestIdOf(line), {}, status);
  }

  private nothingHere(line: RequestLine): ProblemAnswer {
    return problemAnswer(this.options.stamp, new AppError('not_found', 'There is nothing at this address'), requestIdOf(line));
  }

  /** In the agent's own name; what still comes of the body is dropped by the stream. */
  private answer(stream: LinkStream, line: RequestLine | null, { status, headers, body }: ProblemAnswer): StreamListener {
    const isHead = line?.method === 'HEAD';
    const head = headText(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, Object.entries(headers).flat().map(String));
    if (stream.sendHead(head, isHead) && !isHead) stream.write(Buffer.from(body), true);
    return nobody;
  }
}

const nothing = (): void => undefined;
/** Hears what still comes of a request that is answered already. */
const nobody: StreamListener = {
  interim: nothing,
  head: nothing,
  data: nothing,
  ended: nothing,
  reset: nothing,
  writable: nothing,
  lost: nothing,
};

const codedTwice = { status: 400, reason: 'a link’s frames end a body; Transfer-Encoding would be a second way' } as const;

const requestIdOf = (line: RequestLine): string | null => headerValues(line.rawHeaders, 'x-request-id')[0] ?? null;

/** The workload closed a kept connection just as we used it: it has seen nothing, but only idempotent requests prove that safe. */
const wasIdleConnection = (result: ForwardResult): boolean =>
  result.kind === 'no_answer' && result.reason === 'reset' && result.reusedSocket;
