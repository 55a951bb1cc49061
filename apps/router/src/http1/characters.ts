/** Character classes of RFC 9110/9112 as tables: one load per byte in the scanners. 1: the byte belongs to the class. */
const tableOf = (belongs: (code: number) => boolean): Uint8Array => Uint8Array.from({ length: 256 }, (_, code) => (belongs(code) ? 1 : 0));
const oneOf = (text: string): Uint8Array => tableOf((code) => text.includes(String.fromCharCode(code)));

/** token (RFC 9110 §5.6.2): names of fields, methods, connection options. */
export const tokenByte = oneOf("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

/** What a field's value may hold (RFC 9110 §5.5): HTAB, SP, visible ASCII, obs-text. No NUL, CR, LF or other control. */
export const valueByte = tableOf((code) => code === 0x09 || (code >= 0x20 && code !== 0x7f));

/** Printable ASCII and HTAB: what chunk extensions may hold here; obs-text in quotes helps nobody. */
export const plainByte = tableOf((code) => code === 0x09 || (code >= 0x20 && code < 0x7f));

/** Bytes of a path that no two servers read differently: not "#", not "\", nothing that is not ASCII (same set as originForm). */
export const pathByte = tableOf((code) => code > 0x20 && code < 0x7f && !'#<>?\\`'.includes(String.fromCharCode(code)));
/** Browsers send "\" and "`" unescaped in queries only. */
export const queryByte = tableOf((code) => code > 0x20 && code < 0x7f && !'#<>'.includes(String.fromCharCode(code)));

/** A byte behind which a head that was incomplete must be looked at anew: CR, LF, and what may stand nowhere in it. */
export const endsWaiting = tableOf((code) => (code < 0x20 && code !== 0x09) || code === 0x7f);

export const SP = 0x20;
export const HTAB = 0x09;
export const CR = 0x0d;
export const LF = 0x0a;
export const COLON = 0x3a;

/** Lower case, and "_" as "-": WSGI, CGI and PHP merge "x_a" and "x-a" into one variable. */
const canonicalByte = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= 0x41 && code <= 0x5a ? code | 0x20 : code === 0x5f ? 0x2d : code,
);

/** Whether bytes[at …] are `literal` (lower case) in any letter case. */
export const equalsIgnoringCase = (bytes: Uint8Array, at: number, literal: string): boolean => {
  for (let i = 0; i < literal.length; i += 1) {
    const code = bytes[at + i]!;
    if ((code >= 0x41 && code <= 0x5a ? code | 0x20 : code) !== literal.charCodeAt(i)) return false;
  }
  return true;
};

/** As equalsIgnoringCase, with "_" taken for "-". */
export const equalsCanonically = (bytes: Uint8Array, at: number, literal: string): boolean => {
  for (let i = 0; i < literal.length; i += 1) if (canonicalByte[bytes[at + i]!] !== literal.charCodeAt(i)) return false;
  return true;
};

/** What `toString('latin1', …)` ends at, behind looking up its encoding and its bounds. */
interface Latin1 {
  latin1Slice(from: number, to: number): string;
}

/** What `write(…, 'latin1')` ends at. */
export interface Latin1Writer {
  latin1Write(text: string, at: number, length: number): number;
}

export const latin1 = (bytes: Buffer, from: number, to: number): string => (bytes as Buffer & Latin1).latin1Slice(from, to);
