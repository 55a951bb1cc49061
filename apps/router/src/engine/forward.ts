import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import { latin1 } from '../http1/characters.js';
import type { ResponseHead } from '../http1/response-head.js';
import type { Repeats } from '../pipeline/repeats.js';
import { AnswerRelay } from './answer-relay.js';
import { Attempt } from './attempt.js';
import type { ClientSide } from './client-side.js';
import type { EngineContext } from './engine-context.js';
import { RequestBody } from './request-body.js';
import type { RequestFacts } from './request-facts.js';
import type { Route } from './route-cache.js';
import type { LaneExchange, LaneFailure, LaneSink } from './upstream-lane.js';

/** The exchange whose request is on its way. */
interface Owner {
  /** It goes on. `isOpen`: whether there is a lane to blame from now on. */
  touch(isOpen?: boolean): void;
  /** An attempt is over, and nothing of an answer has gone to the client. */
  conclude(result: ForwardResult): void;
  /** The whole answer is with the client's writer. */
  answered(): void;
  /** It broke off behind what has gone to the client. */
  brokeOff(failure: LaneFailure): void;
}

/** A request's bytes on their way to a front door, and the answer's on their way back: one attempt after another. */
export class Forward implements LaneSink {
  readonly body = new RequestBody();
  readonly attempt: Attempt;
  readonly relay: AnswerRelay;
  /** The answer has begun. */
  isAnswering = false;
  private lane: LaneExchange | null = null;
  /** Of the body: `later`: all that has come, as soon as it is open; `more`: each piece as it comes, once; `nothing`: the body waits for it. */
  private laneTakes: 'later' | 'more' | 'nothing' = 'later';

  constructor(
    context: EngineContext,
    private readonly client: ClientSide,
    readonly facts: RequestFacts,
    private readonly repeats: Repeats,
    private readonly owner: Owner,
  ) {
    this.attempt = new Attempt(context);
    this.relay = new AnswerRelay(client.writer);
  }

  begin(): void {
    this.isAnswering = false;
    this.body.begin(this.facts.bodyBytes === 0);
  }

  /** Sends it; false: only the general path speaks to that front door, and there is no attempt. */
  send(route: Route, door: string, startedMs: number): boolean {
    const lane = this.attempt.begin(route.decision, door, startedMs);
    if (lane === null) return false;
    this.laneTakes = 'later';
    this.lane = this.attempt.send(lane, this.facts.laneRequest(route, this.client.text, this.repeats.fresh), route, this);
    this.owner.touch(this.lane.isOpen);
    if (this.lane.isOpen) this.sendBody();
    return true;
  }

  /** The client holds it up: the lane would take more of its body. */
  get waitsForClient(): boolean {
    return !this.body.whole && this.laneTakes !== 'nothing' && this.lane?.isOpen === true;
  }

  /** Nothing more is sent or wanted; `quietly` as for a lane. */
  cancel(quietly?: boolean): void {
    this.lane?.cancel(quietly);
    this.lane = null;
  }

  end(): void {
    this.isAnswering = false;
    this.body.forget();
  }

  onClientBody(bytes: Buffer, from: number, to: number): void {
    const goesOn = this.body.take(bytes, from, to, this.lane);
    if (!goesOn) {
      if (this.lane?.isOpen === true) this.laneTakes = 'nothing';
      this.client.pauseReads();
    }
    this.owner.touch();
  }

  onClientBodyWhole(): void {
    this.body.whole = true;
    if (this.lane?.isOpen === true) this.lane.end();
  }

  onClientReadDone(): void {
    if (this.lane?.isOpen === true) this.lane.flush();
  }

  onClientDrain(): void {
    if (!this.isAnswering) return;
    this.owner.touch();
    this.lane?.resume();
  }

  onWritable(): void {
    this.owner.touch();
    if (this.laneTakes === 'nothing') {
      this.laneTakes = 'more';
      this.client.resumeReads();
    } else if (!this.isAnswering && this.laneTakes === 'later') this.sendBody();
  }

  onInterim(bytes: Buffer, head: ResponseHead): void {
    this.relay.interim(bytes, head);
  }

  onHead(bytes: Buffer, head: ResponseHead): void {
    const code = head.agentErrorStart < 0 ? '' : latin1(bytes, head.agentErrorStart, head.agentErrorEnd);
    this.attempt.answers(code);
    if (head.status === 421 && code === 'misdirected' && this.repeats.misdirected === 0 && this.body.replayable) {
      this.cancel(true);
      return this.owner.conclude({ kind: 'intercepted', status: head.status, header: () => undefined });
    }
    this.isAnswering = true;
    this.body.forget();
    const { isHead, marks } = this.facts;
    this.relay.begin(bytes, head, { marks: marks.lines, idLength: marks.idLength, isHead, close: this.client.willClose });
    this.owner.touch();
  }

  onBody(bytes: Buffer, from: number, to: number): void {
    this.relay.add(bytes, from, to);
  }

  onReadDone(): void {
    if (!this.isAnswering) return;
    this.owner.touch();
    if (!this.client.writer.flush()) this.lane?.pause();
  }

  onEnd(): void {
    this.lane = null;
    this.relay.end();
    this.attempt.end({ kind: 'answered', status: this.relay.status, headMs: this.attempt.headMs });
    this.owner.answered();
  }

  onFailed(failure: LaneFailure): void {
    this.lane = null;
    if (failure.kind === 'cut') this.owner.brokeOff(failure);
    else this.owner.conclude(failure);
  }

  /** Everything that has come so far; then the client may go on. A head whose body came with it, in one read, leaves with it in one write. */
  private sendBody(): void {
    if (this.lane === null || this.facts.bodyBytes === 0) return;
    this.laneTakes = this.body.replay(this.lane, this.client.isReading) ? 'more' : 'nothing';
    if (this.laneTakes === 'more' && !this.body.whole) this.client.resumeReads();
  }
}
