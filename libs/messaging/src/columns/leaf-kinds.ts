/** What a leaf of JSON is written as. Their numbers are part of the form (json-columns.ts): new ones are added, none is changed. */
export const leaf = {
  null: 0,
  true: 1,
  false: 2,
  int: 3,
  float: 4,
  text: 5,
  /** A text that ends in digits: what is before them repeats, and they count. */
  numbered: 6,
  /** `<ms, 13 digits>.<counter, 4 hex>.<region>`. */
  hlc: 7,
  ulid: 8,
  /** As Date.toISOString writes it. */
  time: 9,
  /** What the other kinds can't hold: nested too deep, or a text that is no Unicode. */
  json: 10,
} as const;
export type LeafKind = (typeof leaf)[keyof typeof leaf];

const zero = 48;
const nine = 57;
const isDigit = (code: number): boolean => code >= zero && code <= nine;

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ulidLength = 26;
const ulidTimeLength = 10;
/** Of the characters behind the time, the last 7 count in ids of ours (kernel/ids.ts): 35 bits. */
const ulidCountAt = 19;
const values = new Int8Array(128).fill(-1);
for (let i = 0; i < crockford.length; i += 1) values[crockford.charCodeAt(i)] = i;

/** Null where a character is no digit of Crockford's. */
const base32 = (text: string, from: number, to: number): number | null => {
  let value = 0;
  for (let i = from; i < to; i += 1) {
    const digit = values[text.charCodeAt(i)] ?? -1;
    if (digit < 0) return null;
    value = value * 32 + digit;
  }
  return value;
};
const inBase32 = (value: number, length: number): string => {
  let text = '';
  for (let rest = value, i = 0; i < length; i += 1) {
    text = crockford[rest % 32]! + text;
    rest = Math.floor(rest / 32);
  }
  return text;
};

export interface UlidParts {
  readonly ms: number;
  readonly head: string;
  readonly count: number;
}
export const ulidParts = (text: string): UlidParts | null => {
  // A first digit above 7 is more than 48 bits.
  if (text.length !== ulidLength || text.charCodeAt(0) > zero + 7) return null;
  const ms = base32(text, 0, ulidTimeLength);
  const count = base32(text, ulidCountAt, ulidLength);
  if (ms === null || count === null || base32(text, ulidTimeLength, ulidCountAt) === null) return null;
  return { ms, head: text.slice(ulidTimeLength, ulidCountAt), count };
};
export const ulidOf = ({ ms, head, count }: UlidParts): string =>
  inBase32(ms, ulidTimeLength) + head + inBase32(count, ulidLength - ulidCountAt);

const msLength = 13;
const regionAt = 19;
/** Also less than any ulid or time has. */
export const hlcLengthMin = regionAt;
export interface HlcParts {
  readonly ms: number;
  readonly counter: number;
  readonly region: string;
}
/** Also of a stamp whose region is none: what is written is the same again. */
export const hlcParts = (text: string): HlcParts | null => {
  if (text.length < regionAt || text[msLength] !== '.' || text[regionAt - 1] !== '.') return null;
  for (let i = 0; i < msLength; i += 1) if (!isDigit(text.charCodeAt(i))) return null;
  let counter = 0;
  for (let i = msLength + 1; i < regionAt - 1; i += 1) {
    const code = text.charCodeAt(i);
    const digit = isDigit(code) ? code - zero : code >= 97 && code <= 102 ? code - 87 : -1;
    if (digit < 0) return null;
    counter = counter * 16 + digit;
  }
  return { ms: Number(text.slice(0, msLength)), counter, region: text.slice(regionAt) };
};
export const hlcOf = ({ ms, counter, region }: HlcParts): string =>
  `${String(ms).padStart(msLength, '0')}.${counter.toString(16).padStart(4, '0')}.${region}`;

/** More would not be exact. */
const digitsMax = 15;
export interface NumberedParts {
  /** How many digits there are, where the first is a zero that others follow, else 0; a colon; and what is before them. */
  readonly stem: string;
  readonly n: number;
}
export const numberedParts = (text: string): NumberedParts | null => {
  let at = text.length;
  while (at > 0 && text.length - at < digitsMax && isDigit(text.charCodeAt(at - 1))) at -= 1;
  if (at === text.length) return null;
  const width = text.charCodeAt(at) === zero && text.length - at > 1 ? text.length - at : 0;
  return { stem: `${width}:${text.slice(0, at)}`, n: Number(text.slice(at)) };
};
/** Null where `stem` is none. */
export const numberedOf = (stem: string, n: number): string | null => {
  const colon = stem.indexOf(':');
  const width = Number(stem.slice(0, Math.max(0, colon)));
  if (colon < 1 || !Number.isInteger(width) || width < 0 || width > digitsMax) return null;
  return stem.slice(colon + 1) + String(n).padStart(width, '0');
};
