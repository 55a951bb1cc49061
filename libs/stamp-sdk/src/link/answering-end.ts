import { randomBytes } from 'node:crypto';
import type { LinkFault } from './frames.js';
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
import { readUint32 } from './uint32.js';
import { LinkStream, type LostVerdict, type StreamListener } from './link-stream.js';

export interface AnsweringOptions {
  readonly stamp: string;
  /** The region's link key; null: none, on loopback and private addresses. */
  readonly key: string | null;
  readonly settings: LinkSettings;
  /** The newest version that the router has said it knows when it asked for the link. */
  readonly asked?: number;
}

export interface AskedRequest {
  /** As the router decided; the head says the same, or the request is refused (I4). */
  readonly tenant: string;
  readonly epoch: number;
  /** The request's head in the bytes of HTTP/1.1; lent for the call. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** The request has no body. */
  readonly isLast: boolean;
}

/** Takes a request at once: what it returns hears of the stream from then on. */
export type TakeRequest = (request: AskedRequest, stream: LinkStream) => StreamListener;

/** The agent's end: speaks first, then takes streams. */
export class AnsweringEnd extends LinkEnd {
  private readonly nonce = randomBytes(nonceBytes);

  constructor(
    private readonly options: AnsweringOptions,
    events: LinkEndEvents,
    private readonly onRequest: TakeRequest,
  ) {
    super('agent', options.settings, events);
    const { stamp, settings, asked = linkVersionMin } = options;
    this.version = Math.min(asked, linkVersion);
    const hello = { version: this.version, nonce: this.nonce, settings, name: stamp, proof: Buffer.alloc(0) };
    this.batch.control('hello', encodeHello(hello));
  }

  protected greeted(hello: Hello): LinkFault | null {
    const { stamp, key } = this.options;
    if (hello.version !== this.version || !areSane(hello.settings)) return 'incompatible';
    const parts = { agentNonce: this.nonce, routerNonce: hello.nonce, stamp, router: hello.name };
    // Without a key of ours a proof means that the router has one: it would refuse us, and one of the two is set up wrongly.
    if (!isSameProof(proofOf(key, 'router', parts, this.version), hello.proof)) return 'unauthenticated';
    this.batch.control('ready', proofOf(key, 'agent', parts, this.version));
    this.wake();
    this.events.onOpen();
    return null;
  }

  /** Only agents send it; headerFault lets no READY through to this end. */
  protected takeReady(): LinkFault {
    return 'bad_frame';
  }

  protected takeRequest(id: number, bytes: Buffer, start: number, end: number, isLast: boolean): LinkFault | null {
    // Ids leave no gap: a frame that went missing would show here at the latest.
    if (id <= this.newest || (this.newest > 0 && id !== this.newest + 1)) return 'out_of_order';
    const tenantEnd = start + 1 + bytes[start]!;
    const headStart = tenantEnd + 8;
    if (tenantEnd === start + 1 || headStart >= end) return 'bad_frame';
    if (this.streams.size >= this.settings.maxStreams) return 'too_many_streams';
    this.newest = id;
    const stream = new LinkStream(id, 'agent', this, this.windows());
    this.streams.add(stream);
    stream.listener = refused;
    if (isLast) stream.receiveEnd();
    if (!this.isOpen) {
      stream.reset('refused');
      return null;
    }
    const tenant = bytes.toString('latin1', start + 1, tenantEnd);
    const epoch = readUint32(bytes, tenantEnd) * 0x1_0000_0000 + readUint32(bytes, tenantEnd + 4);
    stream.listener = this.onRequest({ tenant, epoch, bytes, start: headStart, end, isLast }, stream);
    return null;
  }

  protected heardGoaway(): void {
    // A router's last stream is the newest that it has opened: nothing new to the agent.
  }

  protected verdictOf(stream: LinkStream): LostVerdict {
    return stream.isAnswered ? 'answered' : 'sent';
  }
}

const nothing = (): void => undefined;
/** Hears of what is not worked on. */
const refused: StreamListener = {
  interim: nothing,
  head: nothing,
  data: nothing,
  ended: nothing,
  reset: nothing,
  writable: nothing,
  lost: nothing,
};
