import { randomBytes } from 'node:crypto';
import { headLength, type LinkRequest } from './frame-batch.js';
import { headBytesMax, streamMax, type LinkFault } from './frames.js';
import {
  areSane,
  encodeHello,
  isSameProof,
  linkVersion,
  linkVersionMin,
  nonceBytes,
  proofOf,
  type Hello,
  type LinkSettings,
} from './hello.js';
import { LinkEnd } from './link-end.js';
import type { LinkEndEvents } from './link-events.js';
import { LinkStream, type LostVerdict, type StreamListener } from './link-stream.js';

export interface AskingOptions {
  /** This router's id. */
  readonly name: string;
  /** Whom the link must lead to; another stamp at this address is refused. */
  readonly stamp: string;
  /** The region's link key; null: none, on loopback and private addresses. */
  readonly key: string | null;
  readonly settings: LinkSettings;
  /** Where ids begin; by default at 1. */
  readonly firstStream?: number;
}

/** The router's end: opens streams. */
export class AskingEnd extends LinkEnd {
  private readonly nonce = randomBytes(nonceBytes);
  /** Highest id that has left in a batch: what is above it was certainly not seen by the agent (L7). */
  private newestTaken = 0;
  /** From GOAWAY: the agent has worked on no stream above it. */
  private lastWorkedOn = streamMax;

  constructor(
    private readonly options: AskingOptions,
    events: LinkEndEvents,
  ) {
    super('router', options.settings, events);
    this.newest = (options.firstStream ?? 1) - 1;
    this.newestTaken = this.newest;
  }

  /** Whether `ask` would take a request now. */
  get hasRoom(): boolean {
    return this.isOpen && this.streams.size < this.peer!.settings.maxStreams;
  }

  /** Opens a stream, or null: not open, full, or the head is too long for a frame. Nothing is written before the turn ends. */
  ask(request: LinkRequest, listener: StreamListener): LinkStream | null {
    if (!this.hasRoom || headLength(request) > headBytesMax) return null;
    const id = ++this.newest;
    const stream = new LinkStream(id, 'router', this, this.windows());
    stream.listener = listener;
    this.streams.add(stream);
    this.batch.request(id, request);
    if (request.isLast) stream.sentEnd();
    this.wake();
    if (id === streamMax) this.leave('ids are used up');
    return stream;
  }

  /** L7: a request that was not written is told as such, so that it must not leave with the last words either. */
  override close(fault: LinkFault, detail: string): void {
    if (!this.isClosed && this.newest > this.newestTaken) this.batch.drop();
    super.close(fault, detail);
  }

  override take(): Buffer[] {
    this.newestTaken = this.newest;
    return super.take();
  }

  protected greeted(hello: Hello): LinkFault | null {
    const { name, stamp, key, settings } = this.options;
    const { version } = hello;
    // The agent has chosen, by what the request for the link said; one that knows only the first has not looked.
    if (version < linkVersionMin || version > linkVersion) return 'incompatible';
    if (!areSane(hello.settings) || hello.settings.maxStreams === 0) return 'incompatible';
    this.version = version;
    if (hello.name !== stamp || hello.proof.length > 0) return 'unauthenticated';
    const proof = proofOf(key, 'router', { agentNonce: hello.nonce, routerNonce: this.nonce, stamp, router: name }, version);
    const own = { version, nonce: this.nonce, settings: { ...settings, maxStreams: 0 }, name, proof };
    this.batch.control('hello', encodeHello(own));
    this.wake();
    return null;
  }

  protected takeReady(proof: Buffer): LinkFault | null {
    const { name, stamp, key } = this.options;
    if (!this.happen('ready_received')) return 'out_of_order';
    const parts = { agentNonce: this.peer!.nonce, routerNonce: this.nonce, stamp, router: name };
    if (!isSameProof(proofOf(key, 'agent', parts, this.version), proof)) return 'unauthenticated';
    this.events.onOpen();
    return null;
  }

  /** Only routers open streams; headerFault lets no REQUEST through to this end. */
  protected takeRequest(): LinkFault {
    return 'bad_frame';
  }

  protected heardGoaway(lastStream: number): void {
    this.lastWorkedOn = Math.min(this.lastWorkedOn, lastStream);
  }

  protected verdictOf(stream: LinkStream): LostVerdict {
    if (stream.isAnswered) return 'answered';
    return stream.id > this.newestTaken || stream.id > this.lastWorkedOn ? 'not_sent' : 'sent';
  }
}
