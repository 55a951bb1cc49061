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

interface Named {
  readonly name: string;
  readonly kind: FieldKind;
}

const prefixKinds: readonly Named[] = [
  { name: internalHeaderPrefix, kind: FieldKind.Internal },
  { name: clientNamePrefix, kind: FieldKind.Forwarded },
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

const letterBits = 5;
const letterOf = (code: number): number => code & ((1 << letterBits) - 1);

/** By length and first letter of the name, for a look-up that compares almost nothing; null where there are none. */
const named: readonly (readonly Named[] | null)[] = Array.from(
  { length: (1 + Math.max(...namedKinds.map(([name]) => name.length))) << letterBits },
  (_, place) => {
    const found = namedKinds.filter(([name]) => ((name.length << letterBits) | letterOf(name.charCodeAt(0))) === place);
    return found.length === 0 ? null : found.map(([name, kind]) => ({ name, kind }));
  },
);

/** 1 where a byte begins the name of some kind: most fields of browsers and API clients are plain by their first letter. */
export const beginsAKind = Uint8Array.from({ length: 256 }, (_, code) => {
  const letter = String.fromCharCode(code).toLowerCase();
  return [...namedKinds.map(([name]) => name), ...prefixKinds.map(({ name }) => name)].some((name) => name.startsWith(letter)) ? 1 : 0;
});

/** Lengths of names that are told apart; longer ones have the place of those of none. */
const lengthsTold = 32;

/** 1 where a name of that length with that first letter may be of some kind, by length × 32 + the letter's lowest bits: as good as few of browsers' fields are. */
export const mayBeAKind = Uint8Array.from({ length: lengthsTold << letterBits }, (_, place) => {
  const length = place >> letterBits;
  const isLetterOf = ({ name }: { readonly name: string }): boolean => letterOf(name.charCodeAt(0)) === letterOf(place);
  const isNamed = namedKinds.some(([name]) => isLetterOf({ name }) && (name.length < lengthsTold ? name.length : 0) === length);
  return isNamed || prefixKinds.some((prefix) => isLetterOf(prefix) && (length === 0 || length >= prefix.name.length)) ? 1 : 0;
});

/** Where a name stands in it. */
export const placeOfName = (first: number, length: number): number => ((length < lengthsTold ? length : 0) << letterBits) | letterOf(first);

const hasUnderscore = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let i = from; i < to; i += 1) if (bytes[i] === 0x5f) return true;
  return false;
};

const kindWithUnderscore = (kind: FieldKind): FieldKind => {
  if (plainWithUnderscore.has(kind)) return FieldKind.Plain;
  return droppedWithUnderscore.has(kind) ? FieldKind.HopByHop : kind;
};

const LETTER_X = 0x78;

const kindOfPrefix = (bytes: Uint8Array, from: number, length: number): FieldKind => {
  for (let i = 0; i < prefixKinds.length; i += 1) {
    const { name, kind } = prefixKinds[i]!;
    if (length >= name.length && equalsCanonically(bytes, from, name)) return kind;
  }
  return FieldKind.Plain;
};

/** What the field with the name bytes[from … to) is; allocates nothing. */
export const fieldKind = (bytes: Uint8Array, from: number, to: number): FieldKind => {
  const first = bytes[from]!;
  if (beginsAKind[first] === 0) return FieldKind.Plain;
  const length = to - from;
  const place = (length << letterBits) | letterOf(first);
  const candidates = place < named.length ? named[place]! : null;
  if (candidates !== null) {
    for (let i = 0; i < candidates.length; i += 1) {
      const { name, kind } = candidates[i]!;
      if (equalsCanonically(bytes, from, name)) return hasUnderscore(bytes, from, to) ? kindWithUnderscore(kind) : kind;
    }
  }
  return (first | 0x20) === LETTER_X ? kindOfPrefix(bytes, from, length) : FieldKind.Plain;
};
