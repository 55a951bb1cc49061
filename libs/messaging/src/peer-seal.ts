import { createHash, randomBytes } from 'node:crypto';
import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { AppError } from '@lapidary/kernel/app-error';
import { encodingHeader, errorHeader, type Encoded } from './json-messages.js';
import type { RegionKeys, SignatureFault } from './region-keys.js';

/** In messages of a region's stream, in requests and in answers. */
export const signatureHeader = 'Lapidary-Signature';
/** In a request: when it was asked and a number that nobody knew before, which its answer is bound to. */
export const nonceHeader = 'Lapidary-Nonce';

/** Of a request that must not be executed twice. Regions' clocks may differ by as much; beyond that such requests are refused, and it is told why. */
const freshMs = 5 * 60_000;
/** Such requests of one peer within that time which are known again. Each takes some 100 bytes; who repeats an older one must hold back 100,000. */
const knownMax = 100_000;
const nonceChars = /^\d{1,15}\.[\w-]{22}$/;

export type RequestFault =
  | SignatureFault
  /** Asked too long ago, or by a clock that differs by more than `freshMs`. */
  | 'stale'
  /** It was here before. */
  | 'repeated';

const explained: Readonly<Record<RequestFault, string>> = {
  unsigned: 'it is not signed',
  unknown_key: 'it is signed with a key that is not known of that region',
  wrong_signature: 'its signature is not of that region',
  stale: 'it was asked more than five minutes ago, by the clocks of both regions',
  repeated: 'it was asked before',
};

export interface PeerSealOptions {
  readonly keys: RegionKeys;
  readonly peer: string;
  /** `request`: one of the peer's to this region; `answer`: the other way round. */
  readonly onRefused: (what: 'request' | 'answer', why: RequestFault) => void;
  readonly now?: () => number;
}

/** What was asked, as its answer is bound to it. */
export interface Question {
  readonly headers: MsgHdrs;
  readonly said: readonly string[];
}

/**
 * What two regions ask of each other, under their signatures. An answer holds for one question: its subject, which names both, its body, and
 * a number that was made for it; so none can be given again, or to another question.
 */
export class PeerSeal {
  private readonly known = new Map<string, number>();

  constructor(private readonly options: PeerSealOptions) {}

  get peer(): string {
    return this.options.peer;
  }

  /** Whether answers of the peer are believed only under its signature. */
  get isRequired(): boolean {
    return this.options.keys.isRequiredOf(this.options.peer);
  }

  /** The headers that a request goes out with. Null: neither is it signed nor must its answer be. */
  question(subject: string, body: string, more: MsgHdrs = headers()): Question | null {
    const { keys, now = Date.now } = this.options;
    if (!keys.isSigning && !this.isRequired) return null;
    const nonce = `${now()}.${randomBytes(16).toString('base64url')}`;
    more.set(nonceHeader, nonce);
    const signature = keys.sign(['request', subject, nonce], body);
    if (signature) more.set(signatureHeader, signature);
    return { headers: more, said: boundTo(subject, nonce, body) };
  }

  /** Null: the peer has answered this. What is not believed is counted. */
  faultOfAnswer({ said }: Question, answer: Msg): SignatureFault | null {
    const { keys, peer, onRefused } = this.options;
    const [error, encoding] = [answer.headers?.get(errorHeader), answer.headers?.get(encodingHeader)];
    const signature = answer.headers?.get(signatureHeader);
    const fault = keys.faultOf(peer, [...said, error ?? '', encoding ?? ''], answer.data, signature);
    if (fault) onRefused('answer', fault);
    return fault;
  }

  /**
   * Throws `not_ready` where the request is not the peer's. `once`: nor where it is one that was recorded, since it would be executed again.
   * Whatever else may be asked twice: there it takes no clock.
   */
  admit(request: Msg, once: boolean): void {
    const fault = this.faultOfRequest(request, once);
    if (!fault) return;
    const { keys, peer, onRefused } = this.options;
    onRefused('request', fault);
    throw new AppError('not_ready', `Region ${keys.region} does not take this as a request of region ${peer}: ${explained[fault]}`);
  }

  /** An answer as it goes out: signed, where who asks can look. */
  answer(request: Msg, encoded: Encoded): Encoded {
    const nonce = request.headers?.get(nonceHeader) ?? '';
    if (!nonceChars.test(nonce)) return encoded;
    const { headers: more = headers(), body } = encoded;
    const said = [...boundTo(request.subject, nonce, request.data), more.get(errorHeader), more.get(encodingHeader)];
    const signature = this.options.keys.sign(said, body);
    if (!signature) return encoded;
    more.set(signatureHeader, signature);
    return { body, headers: more };
  }

  private faultOfRequest(request: Msg, once: boolean): RequestFault | null {
    const { keys, peer, now = Date.now } = this.options;
    if (!this.isRequired) return null;
    const nonce = request.headers?.get(nonceHeader) ?? '';
    const fault = keys.faultOf(peer, ['request', request.subject, nonce], request.data, request.headers?.get(signatureHeader));
    if (fault ?? !once) return fault;
    const askedMs = Number(nonce.split('.', 1)[0]);
    if (!nonceChars.test(nonce) || Math.abs(now() - askedMs) > freshMs) return 'stale';
    if (this.known.has(nonce)) return 'repeated';
    this.remember(nonce, askedMs);
    return null;
  }

  private remember(nonce: string, askedMs: number): void {
    this.known.set(nonce, askedMs);
    // As they came: by one clock, so nearly as they were asked.
    for (const [oldest, ms] of this.known) {
      if (this.known.size <= knownMax && ms >= (this.options.now ?? Date.now)() - freshMs) return;
      this.known.delete(oldest);
    }
  }
}

const boundTo = (subject: string, nonce: string, body: string | Uint8Array): string[] => [
  'answer',
  subject,
  nonce,
  createHash('sha256').update(body).digest('base64url'),
];

/** What is signed of a message of a region's stream, beside its payload. The events in it say their place, so that an old one repeats nothing. */
export const saidInStream = (subject: string): readonly string[] => ['events', subject];
