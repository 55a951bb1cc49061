import { internalHeaderPrefix, requestIdHeader } from '@lapidary/contracts/workload';
import { clientNamePrefix, clientNames, hopByHop } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import { equalsCanonically } from './characters.js';

/** What a field of a request or an answer means to a proxy. Everything else is end-to-end and passes untouched. */
export const FieldKind = {
  Plain: 0,
  Host: 1,
  ContentLength: 2,
  TransferEncoding: 3,
  Connection: 4,
  KeepAlive: 5,
  Upgrade: 6,
  Expect: 7,
  /** Meaningful for one connection only, or steers connections in practice (RFC 9110 §7.6.1). */
  HopByHop: 8,
  /** Ours to say: x-lapidary-. A client that could send it would choose its own stamp (I4). */
  Internal: 9,
  /** Who the client is; nobody in front of the router is trusted to tell. */
  Forwarded: 10,
  RequestId: 11,
  Traceparent: 12,
  /** Whose request it is, where the host doesn't say. */
  Tenant: 13,
  /** Urgency (RFC 9218). */
  Priority: 14,
} as const;
export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind];

/** Whole names, lower case; looked up with "_" taken for "-". What the general path drops, this one drops too: one list. */
const namedKinds: readonly (readonly [name: string, kind: FieldKind])[] = [
  ...new Map<string, FieldKind>([
    ...[...hopByHop].map((name) => [name, FieldKind.HopByHop] as const),
    ...clientNames.map((name) => [name, FieldKind.Forwarded] as const),
    ['host', FieldKind.Host],
    ['content-length', FieldKind.ContentLength],
    ['transfer-encoding', FieldKind.TransferEncoding],
    ['connection', FieldKind.Connection],
    ['keep-alive', FieldKind.KeepAlive],
    ['upgrade', FieldKind.Upgrade],
    ['expect', FieldKind.Expect],
    [requestIdHeader, FieldKind.RequestId],
    ['traceparent', FieldKind.Traceparent],
    ['x-tenant', FieldKind.Tenant],
    ['priority', FieldKind.Priority],
  ]),
];

const prefixKinds: readonly (readonly [prefix: string, kind: FieldKind])[] = [
  [internalHeaderPrefix, FieldKind.Internal],
  [clientNamePrefix, FieldKind.Forwarded],
];

/**
 * Kinds that change what the message is only under their exact name. "Content_Length" is no framing to us, and is dropped
 * because it may be framing to somebody behind us.
 */
const droppedWithUnderscore: ReadonlySet<FieldKind> = new Set([
  FieldKind.ContentLength,
  FieldKind.TransferEncoding,
  FieldKind.Connection,
  FieldKind.KeepAlive,
  FieldKind.Upgrade,
  FieldKind.Expect,
  FieldKind.RequestId,
  FieldKind.Traceparent,
]);

/** Hints of clients that are read under their exact name only, and do no harm under another. */
const plainWithUnderscore: ReadonlySet<FieldKind> = new Set([FieldKind.Tenant, FieldKind.Priority]);

/** By length of the name, for a look-up that compares almost nothing. */
const byLength: (readonly (readonly [name: string, kind: FieldKind])[])[] = Array.from(
  { length: 1 + Math.max(...namedKinds.map(([name]) => name.length)) },
  (_, length) => namedKinds.filter(([name]) => name.length === length),
);

/** 1 where a byte begins the name of some kind: most fields of browsers and API clients are plain by their first letter. */
const beginsAKind = Uint8Array.from({ length: 256 }, (_, code) => {
  const letter = String.fromCharCode(code).toLowerCase();
  return [...namedKinds, ...prefixKinds].some(([name]) => name.startsWith(letter)) ? 1 : 0;
});

const hasUnderscore = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let i = from; i < to; i += 1) if (bytes[i] === 0x5f) return true;
  return false;
};

const kindWithUnderscore = (kind: FieldKind): FieldKind => {
  if (plainWithUnderscore.has(kind)) return FieldKind.Plain;
  return droppedWithUnderscore.has(kind) ? FieldKind.HopByHop : kind;
};

const LETTER_X = 0x78;

/** What the field with the name bytes[from … to) is; allocates nothing. */
export const fieldKind = (bytes: Uint8Array, from: number, to: number): FieldKind => {
  const first = bytes[from]!;
  if (beginsAKind[first] === 0) return FieldKind.Plain;
  const length = to - from;
  const candidates = byLength[length];
  if (candidates !== undefined) {
    for (let i = 0; i < candidates.length; i += 1) {
      const [name, kind] = candidates[i]!;
      if (name.charCodeAt(0) !== (first | 0x20) || !equalsCanonically(bytes, from, name)) continue;
      return hasUnderscore(bytes, from, to) ? kindWithUnderscore(kind) : kind;
    }
  }
  if ((first | 0x20) !== LETTER_X) return FieldKind.Plain;
  for (const [prefix, kind] of prefixKinds) if (length >= prefix.length && equalsCanonically(bytes, from, prefix)) return kind;
  return FieldKind.Plain;
};
