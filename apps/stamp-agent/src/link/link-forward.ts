import type { ClientRequest, IncomingMessage, InformationEvent } from 'node:http';
import type { Socket } from 'node:net';
import { epochHeader, stampHeader, tenantHeader } from '@lapidary/contracts/workload';
import type { ForwardResult, ForwardTimeouts, NoAnswerReason } from '@lapidary/stamp-sdk/forward/forward-result';
import { framingHeaders } from '@lapidary/stamp-sdk/forward/framing-headers';
import { requestHeaders } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import { interimHeaders, Interims } from '@lapidary/stamp-sdk/forward/relay-interim';
import { answerHeaders, answerProblem } from '@lapidary/stamp-sdk/forward/relay-answer';
import { bodyFraming, type BodyFraming, type RequestLine } from '@lapidary/stamp-sdk/forward/request-check';
import type { Upstream } from '@lapidary/stamp-sdk/forward/upstream';
import { Watchdog } from '@lapidary/stamp-sdk/forward/watchdog';
import type { LinkStream, StreamListener } from '@lapidary/stamp-sdk/link/link-stream';

export interface LinkForwardOptions {
  readonly stream: LinkStream;
  readonly upstream: Upstream;
  readonly stamp: string;
  readonly tenant: string;
  readonly epoch: number;
  /** Parsed, checked and fenced. */
  readonly line: RequestLine;
  /** The request has no body. */
  readonly isWhole: boolean;
  readonly timeouts: ForwardTimeouts;
  /** Called once with what became of it. */
  readonly onOver: (result: ForwardResult) => void;
}

type Phase = 'connecting' | 'waiting' | 'answering' | 'over';

const bodyless = (method: string, status: number): boolean => method === 'HEAD' || status === 204 || status === 304;

/** One request of a link at the workload, and its answer back. Never throws for what a network does. */
export class LinkForward implements StreamListener {
  private phase: Phase = 'connecting';
  private readonly startedMs = performance.now();
  private headMs = 0;
  private status = 0;
  private readonly watchdog = new Watchdog(() => this.expired());
  private readonly framing: BodyFraming;
  private readonly outgoing: ClientRequest;
  private answer: IncomingMessage | null = null;
  private readonly interims = new Interims();
  private bodyBytes = 0;
  private isWhole: boolean;

  constructor(private readonly options: LinkForwardOptions) {
    const { line, tenant, epoch, upstream, isWhole, timeouts } = options;
    this.isWhole = isWhole;
    this.framing = isWhole ? { kind: 'none' } : lengthOrChunks(line);
    const headers = requestHeaders(line.rawHeaders, { set: { [tenantHeader]: tenant, [epochHeader]: String(epoch) } });
    headers.push(...framingHeaders(this.framing, line.method));
    this.outgoing = upstream.request({ method: line.method, path: line.url, headers });
    this.watchdog.start(timeouts.connectMs);
    this.outgoing.on('socket', (socket: Socket) => this.onSocket(socket));
    this.outgoing.on('error', (error: NodeJS.ErrnoException) => this.onError(error));
    this.outgoing.on('response', (answer) => this.onAnswer(answer));
    this.outgoing.on('information', (info) => this.onInterim(info));
    // Nobody asked for one: upgrades don't travel on links.
    this.outgoing.on('upgrade', (_, socket) => (socket.destroy(), this.fail('bad_answer', 'it switched protocols unasked')));
    if (isWhole) this.outgoing.end();
    else this.outgoing.flushHeaders();
  }

  interim(): void {
    // Only agents send any.
  }

  head(): void {
    // A request's head comes with its stream.
  }

  data(bytes: Buffer, start: number, end: number): void {
    this.bodyBytes += end - start;
    this.watchdog.touch();
    if (this.phase === 'over') return this.options.stream.consumed(end - start);
    if (this.framing.kind === 'length' && this.bodyBytes > this.framing.bytes) return this.brokenBody();
    // Lent bytes: the workload's socket may keep them for longer. Credit goes back when it has taken them.
    this.outgoing.write(Buffer.from(bytes.subarray(start, end)), () => this.options.stream.consumed(end - start));
  }

  ended(): void {
    this.isWhole = true;
    if (this.framing.kind === 'length' && this.bodyBytes !== this.framing.bytes) return this.brokenBody();
    if (this.phase !== 'over') this.outgoing.end();
  }

  reset(): void {
    this.settle({ kind: 'client_gone' });
  }

  lost(): void {
    this.settle({ kind: 'client_gone' });
  }

  writable(): void {
    this.watchdog.touch();
    this.answer?.resume();
  }

  /** Ends it by force: the tenant is no longer held, or the grace of a drain is over. */
  cut(): void {
    this.options.stream.reset('failed');
    this.settle({ kind: 'client_gone' });
  }

  private onSocket(socket: Socket): void {
    const connected = (): void => {
      if (this.phase !== 'connecting') return;
      this.phase = 'waiting';
      this.watchdog.start(this.options.timeouts.headMs);
    };
    const ready = this.options.upstream.url.protocol === 'https:' ? 'secureConnect' : 'connect';
    if (socket.connecting) socket.once(ready, connected);
    else connected();
  }

  private onInterim({ statusCode, statusMessage, rawHeaders }: InformationEvent): void {
    const fields =
      this.phase === 'waiting' && this.interims.pass() ? interimHeaders(rawHeaders, { set: { [stampHeader]: '' } }, false) : null;
    if (fields) this.options.stream.sendInterim(headText(`HTTP/1.1 ${statusCode} ${statusMessage}`, fields));
  }

  private onAnswer(answer: IncomingMessage): void {
    answer.on('error', () => undefined);
    if (this.phase !== 'waiting') return void answer.destroy();
    const problem = answerProblem({ status: answer.statusCode ?? 0, httpVersion: answer.httpVersion, rawHeaders: answer.rawHeaders });
    if (problem !== null) return this.fail('bad_answer', problem);
    const { stream, stamp, line, timeouts } = this.options;
    this.status = answer.statusCode ?? 0;
    this.headMs = performance.now() - this.startedMs;
    this.phase = 'answering';
    this.answer = answer;
    this.watchdog.start(timeouts.idleMs);
    const headers = answerHeaders(this.status, answer.rawHeaders, { set: { [stampHeader]: stamp } }, false);
    const isLast = bodyless(line.method, this.status);
    if (!stream.sendHead(headText(`HTTP/1.1 ${this.status} ${answer.statusMessage ?? ''}`, headers), isLast)) return this.abandon();
    answer.on('data', (chunk: Buffer) => {
      this.watchdog.touch();
      if (!isLast && !stream.write(chunk)) answer.pause();
    });
    answer.on('end', () => {
      stream.end();
      this.settle({ kind: 'answered', status: this.status, headMs: this.headMs });
    });
    answer.on('close', () => {
      if (!answer.complete) this.cutAnswer('the answer ended early');
    });
  }

  private onError(error: NodeJS.ErrnoException): void {
    const detail = error.code ?? error.message;
    if (this.phase === 'connecting') return this.settle({ kind: 'unreachable', reason: detail });
    if (this.phase === 'waiting') this.fail(error.code?.startsWith('HPE_') === true ? 'bad_answer' : 'reset', detail);
    // What the parser finds behind a whole answer is not that answer's.
    else if (this.phase === 'answering' && this.answer?.complete !== true) this.cutAnswer(detail);
  }

  private expired(): void {
    if (this.phase === 'connecting') return this.settle({ kind: 'unreachable', reason: 'connect_timeout' });
    if (this.phase === 'answering') return this.cutAnswer('it stopped in the middle');
    if (!this.isWhole && !this.outgoing.writableNeedDrain) return this.settle({ kind: 'client_stalled' });
    this.fail('head_timeout', 'no answer in time');
  }

  /** The head promised another length than came: what the workload has got is no request. */
  private brokenBody(): void {
    this.options.stream.reset('failed');
    this.settle({ kind: 'client_gone' });
  }

  private cutAnswer(reason: string): void {
    if (this.phase === 'over') return;
    this.options.stream.reset('failed');
    this.settle({ kind: 'cut', status: this.status, reason });
  }

  private fail(reason: NoAnswerReason, detail: string): void {
    this.settle({ kind: 'no_answer', reason, detail, reusedSocket: this.outgoing.reusedSocket });
  }

  private abandon(): void {
    this.settle({ kind: 'client_gone' });
  }

  /** Unless the exchange is whole both ways, its connection is in the middle of a message and must not be used again. */
  private settle(result: ForwardResult): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    this.watchdog.stop();
    if (result.kind !== 'answered' || !this.isWhole) this.outgoing.destroy();
    this.options.onOver(result);
  }
}

/** On a link a length that isn't said is unknown, also where HTTP/1.1 would mean "no body". */
const lengthOrChunks = (line: RequestLine): BodyFraming => {
  const framing = bodyFraming(line.rawHeaders);
  return framing.kind === 'length' ? framing : { kind: 'chunked' };
};

/** A head in the bytes of HTTP/1.1, from raw names and values. */
export const headText = (line: string, rawHeaders: readonly string[]): string => {
  let text = `${line}\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return `${text}\r\n`;
};
