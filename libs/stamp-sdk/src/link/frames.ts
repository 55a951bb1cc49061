/**
 * The frames of the stamp link (docs/reference/stamp-link.md). A frame is eight bytes of header and a payload:
 *
 *   byte 0     type
 *   byte 1     flags (bit 0: END, the sender's last frame of the stream; all others are 0)
 *   bytes 2–3  payload length
 *   bytes 4–7  stream, 0 for the link itself
 *
 * All numbers are big-endian. A head is never split over frames: there is no state "within a head", and no way to send
 * one that has no end.
 */
export const frameHeaderBytes = 8;

export const frameType = {
  hello: 1,
  ready: 2,
  request: 3,
  response: 4,
  data: 5,
  reset: 6,
  window: 7,
  ping: 8,
  pong: 9,
  goaway: 10,
  interim: 11,
} as const;

export const endFlag = 1;

/** Who may send a type: the end that asks (router), the one that answers (agent), or both. */
export type LinkRole = 'router' | 'agent';

/** A head of 32 KiB is what either side takes from plain HTTP/1.1 at most; tenant and epoch come on top. */
export const headBytesMax = 32 * 1024;
/** No stream holds the link for longer than this many bytes, about 13 µs at 10 Gbit/s. */
export const dataBytesMax = 16 * 1024;
/** Ids of a link are used up after 2^31 − 1 requests; then another link is opened. Small integers are cheap in V8. */
export const streamMax = 0x7fff_ffff;
export const pingBytes = 8;
/** A stamp's name or a router's, as their schemas limit it. */
export const nameBytesMax = 63;
/** Tenant ids are at most this long. */
export const tenantBytesMax = 63;
/** Length of tenant, tenant, epoch; the head follows. */
export const passportBytesMax = 1 + tenantBytesMax + 8;
/** Words for a log line beside a GOAWAY's reason. */
export const goawayTextBytesMax = 128;

interface FrameRule {
  readonly minBytes: number;
  readonly maxBytes: number;
  /** Whether it belongs to a stream; otherwise its stream is 0. WINDOW is both. */
  readonly on: 'stream' | 'link' | 'both';
  readonly mayEnd: boolean;
  readonly from: LinkRole | 'both';
}

/** HELLO: version, nonce, three settings, name; then the router's proof. */
export const helloBytesMin = 1 + 16 + 2 + 4 + 4 + 1;
const proofBytes = 32;

/**
 * What a header must be for its payload to be read at all. Everything else closes the link at the header, before a byte
 * of payload is kept (L6).
 */
const frameRules: Readonly<Record<keyof typeof frameType, FrameRule>> = {
  hello: { minBytes: helloBytesMin, maxBytes: helloBytesMin + nameBytesMax + proofBytes, on: 'link', mayEnd: false, from: 'both' },
  ready: { minBytes: 0, maxBytes: proofBytes, on: 'link', mayEnd: false, from: 'agent' },
  request: { minBytes: 1 + 1 + 8 + 1, maxBytes: passportBytesMax + headBytesMax, on: 'stream', mayEnd: true, from: 'router' },
  response: { minBytes: 1, maxBytes: headBytesMax, on: 'stream', mayEnd: true, from: 'agent' },
  interim: { minBytes: 1, maxBytes: headBytesMax, on: 'stream', mayEnd: false, from: 'agent' },
  data: { minBytes: 0, maxBytes: dataBytesMax, on: 'stream', mayEnd: true, from: 'both' },
  reset: { minBytes: 1, maxBytes: 1, on: 'stream', mayEnd: false, from: 'both' },
  window: { minBytes: 4, maxBytes: 4, on: 'both', mayEnd: false, from: 'both' },
  ping: { minBytes: pingBytes, maxBytes: pingBytes, on: 'link', mayEnd: false, from: 'both' },
  pong: { minBytes: pingBytes, maxBytes: pingBytes, on: 'link', mayEnd: false, from: 'both' },
  goaway: { minBytes: 5, maxBytes: 5 + goawayTextBytesMax, on: 'link', mayEnd: false, from: 'both' },
};

const ruleByType: readonly (FrameRule | undefined)[] = Array.from({ length: 12 }, (_, type) => {
  const name = Object.entries(frameType).find(([, value]) => value === type)?.[0];
  return name === undefined ? undefined : frameRules[name as keyof typeof frameType];
});

/** Why a link was closed as a whole. Everything a peer can do wrong has one word. */
export type LinkFault =
  /** A type, flag, length or stream that no rule allows. */
  | 'bad_frame'
  /** An allowed frame at a moment when it is not: before HELLO, after END, for a stream that isn't there. */
  | 'out_of_order'
  /** More bytes than were granted, or more granted than was used. */
  | 'flow_control'
  /** More streams than were agreed on. */
  | 'too_many_streams'
  /** The versions have nothing in common, or the settings make no sense. */
  | 'incompatible'
  /** The key's proof is missing or wrong, or the other end is not who it should be. */
  | 'unauthenticated'
  /** Nothing came for too long. */
  | 'silent'
  /** The socket failed or ended. */
  | 'broken'
  /** Closed on purpose, after a drain or by the owner. */
  | 'closed';

/** Whether a header may stand on a link read by `reader`; null: yes. */
export const headerFault = (reader: LinkRole, type: number, flags: number, length: number, stream: number): LinkFault | null => {
  const rule = ruleByType[type];
  if (rule === undefined || rule.from === reader) return 'bad_frame';
  if (flags !== 0 && (flags !== endFlag || !rule.mayEnd)) return 'bad_frame';
  if (length < rule.minBytes || length > rule.maxBytes || stream > streamMax) return 'bad_frame';
  if (rule.on === 'link' ? stream !== 0 : rule.on === 'stream' && stream === 0) return 'bad_frame';
  // An empty DATA frame costs its reader as much as a full one; only the end needs it.
  return type === frameType.data && length === 0 && flags === 0 ? 'bad_frame' : null;
};

/** Why one stream was ended early. */
export const resetReason = {
  /** Nobody waits for the answer any more. */
  cancelled: 1,
  /** Nothing of the request was worked on: it may be repeated anywhere, whatever its method. */
  refused: 2,
  /** The sender could not go on; what was sent before is not whole. */
  failed: 3,
} as const;
export type ResetReason = keyof typeof resetReason;

const reasonByCode: readonly (ResetReason | undefined)[] = [undefined, 'cancelled', 'refused', 'failed'];
export const resetReasonOf = (code: number): ResetReason | undefined => reasonByCode[code];

/** GOAWAY's reasons, by code: 0 is a drain, the others are what the sender found wrong. */
const goawayFaults: readonly LinkFault[] = [
  'closed',
  'bad_frame',
  'out_of_order',
  'flow_control',
  'too_many_streams',
  'incompatible',
  'unauthenticated',
  'silent',
];
export const goawayCode = (fault: LinkFault): number => Math.max(0, goawayFaults.indexOf(fault));
export const goawayFault = (code: number): LinkFault | undefined => goawayFaults[code];
