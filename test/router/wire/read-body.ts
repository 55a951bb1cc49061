import type { Habits } from './habits.ts';
import { incomplete, readHead, readLine, refusedBy, valuesOf, whole, type Found, type Head } from './read-head.ts';

export type Framing = 'none' | 'chunked' | 'until close' | { readonly bytes: number };

export interface Body {
  readonly text: string;
  readonly end: number;
  /** As sent behind the sizes, ";" included; empty strings where there were none. */
  readonly extensions: readonly string[];
  readonly trailers: readonly (readonly [string, string])[];
}

const codings: Record<Habits['chunked'], (value: string) => boolean> = {
  exact: (value) => value.toLowerCase() === 'chunked',
  'last coding': (value) => /(^|,)\s*chunked\s*$/i.test(value),
  contains: (value) => /chunked/i.test(value),
};

/** What a server with these habits takes the headers to say; undefined: neither length nor chunks. */
export const framingOf = (head: Head, habits: Habits): Found<Framing | undefined> => {
  const encodings = valuesOf(head, 'transfer-encoding', habits);
  const lengths = valuesOf(head, 'content-length', habits);
  const strictly = habits.both === 'refuse';
  const isChunked = encodings.length > 0 && codings[habits.chunked](encodings.join(', '));
  if (encodings.length > 0 && strictly && !isChunked) return refusedBy(`transfer coding ${encodings.join(', ')}`);
  if (isChunked && lengths.length > 0 && strictly) return refusedBy('length and chunks');
  if (isChunked && (lengths.length === 0 || habits.both === 'chunks')) return whole<Framing>('chunked');
  if (lengths.length === 0) return whole(undefined);
  if (lengths.length > 1 && habits.lengths === 'refuse') return refusedBy('several lengths');
  const value = habits.lengths === 'first' ? lengths[0]! : lengths.at(-1)!;
  const digits = strictly ? /^\d{1,15}$/.exec(value)?.[0] : /\d+/.exec(value)?.[0];
  return digits === undefined ? (strictly ? refusedBy(`length "${value}"`) : whole(undefined)) : whole<Framing>({ bytes: Number(digits) });
};

const sizeOf = (text: string, habits: Habits): number | null => {
  const digits = habits.size === 'hex' ? /^[0-9a-fA-F]{1,15}$/.exec(text)?.[0] : /[0-9a-fA-F]+/.exec(text.replace(/^\s*[+-]?0x/i, ''))?.[0];
  return digits === undefined ? null : Number.parseInt(digits, 16);
};

const readChunks = (bytes: string, at: number, habits: Habits): Found<Body> => {
  const extensions: string[] = [];
  let text = '';
  let position = at;
  for (;;) {
    const line = readLine(bytes, position, habits);
    if (line.kind !== 'whole') return line;
    const [, digits = '', extension = ''] = /^([^;]*)(;.*)?$/s.exec(line.value.text) ?? [];
    const size = sizeOf(digits, habits);
    if (size === null) return refusedBy(`chunk size "${digits}"`);
    position = line.value.end;
    extensions.push(extension);
    if (size === 0) break;
    if (bytes.length < position + size) return incomplete;
    text += bytes.slice(position, position + size);
    const after = readLine(bytes, position + size, habits);
    if (after.kind !== 'whole') return after;
    if (after.value.text !== '') return refusedBy('bytes behind a chunk');
    position = after.value.end;
  }
  // The trailers read like a head without a start line; one is lent to them.
  const lent = readHead(`\r\n${bytes.slice(position)}`, 0, { ...habits, bareLf: habits.bareLf });
  if (lent.kind !== 'whole') return lent;
  return whole({ text, end: position + lent.value.end - 2, extensions, trailers: lent.value.headers });
};

/** The body that begins at `at`. "until close" takes what there is; `closed` says that no more will come. */
export const readBody = (bytes: string, at: number, framing: Framing, habits: Habits, closed: boolean): Found<Body> => {
  const plain = (end: number): Found<Body> => whole({ text: bytes.slice(at, end), end, extensions: [], trailers: [] });
  if (framing === 'none') return plain(at);
  if (framing === 'chunked') return readChunks(bytes, at, habits);
  if (framing === 'until close') return closed ? plain(bytes.length) : incomplete;
  return bytes.length < at + framing.bytes ? incomplete : plain(at + framing.bytes);
};
