import { CR, plainByte, tokenByte } from './characters.js';

const At = {
  /** Behind ";". */
  NameStart: 0,
  Name: 1,
  /** Behind "=". */
  ValueStart: 2,
  Value: 3,
  Quoted: 4,
  /** Behind "\" in quotes. */
  Escaped: 5,
  /** Behind the closing quote. */
  Closed: 6,
} as const;
type At = (typeof At)[keyof typeof At];

/** Over the whole body, or chunks of one byte would carry any number of bytes past every limit (CVE-2024-22019). */
const extensionBytesMax = 16 * 1024;

const [semicolon, equalsSign, quote, backslash] = [0x3b, 0x3d, 0x22, 0x5c];

/**
 * What may stand behind a chunk's size (RFC 9112 §7.1.1): `;name`, `;name=token` or `;name="quoted"`, any number of them. Nothing is kept
 * of it: it is read so that its end is where every server finds it. Blanks around `;` and `=`, which the RFC wants to be borne with, are
 * refused: nobody sends them, and not every server bears with them.
 */
export class ChunkExtension {
  private state: At = At.NameStart;
  private bytes = 0;

  /** For a new body. */
  reset(): void {
    this.bytes = 0;
  }

  /** Behind the first ";" of a chunk. */
  begin(): void {
    this.state = At.NameStart;
  }

  /** One byte; true: it was the CR that ends it; a text: what is wrong with it. */
  take(code: number): boolean | string {
    const state = this.state;
    if (code === CR && (state === At.Name || state === At.Value || state === At.Closed)) return true;
    if ((this.bytes += 1) > extensionBytesMax) return 'the chunk extensions are too large';
    const next = this.after(state, code);
    if (next === null) return 'a chunk extension is malformed';
    this.state = next;
    return false;
  }

  private after(state: At, code: number): At | null {
    switch (state) {
      case At.Quoted:
        if (code === quote) return At.Closed;
        if (code === backslash) return At.Escaped;
        return plainByte[code] === 1 ? At.Quoted : null;
      case At.Escaped:
        return plainByte[code] === 1 ? At.Quoted : null;
      case At.ValueStart:
        if (code === quote) return At.Quoted;
        return tokenByte[code] === 1 ? At.Value : null;
      case At.NameStart:
        return tokenByte[code] === 1 ? At.Name : null;
      default:
        if (code === semicolon) return At.NameStart;
        if (state === At.Closed) return null;
        if (code === equalsSign) return state === At.Name ? At.ValueStart : null;
        return tokenByte[code] === 1 ? state : null;
    }
  }
}
