import { halfSipHash } from './half-sip-hash.js';

/** A host name has at most 253 bytes (RFC 1035 §2.3.4 less the final dot); a tenant id has 63. */
export const keyBytesMax = 253;

const encoder = new TextEncoder();

/** A key as the words that are hashed and compared: little-endian, padded with zeros. Used again and again: no look-up allocates. */
export class KeyWords {
  readonly words = new Int32Array(Math.ceil(keyBytesMax / 4));
  byteLength = 0;

  get wordLength(): number {
    return (this.byteLength + 3) >>> 2;
  }

  /** False where the text is too long for any key. */
  setText(text: string): boolean {
    const { length } = text;
    if (length > keyBytesMax) return false;
    const { words } = this;
    let word = 0;
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return this.setOther(text);
      word |= code << ((i & 3) * 8);
      if ((i & 3) === 3) {
        words[i >>> 2] = word;
        word = 0;
      }
    }
    if ((length & 3) !== 0) words[length >>> 2] = word;
    this.byteLength = length;
    return true;
  }

  setBytes(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.words.fill(0, 0, (length + 3) >>> 2);
    for (let i = 0; i < length; i += 1) this.words[i >>> 2]! |= bytes[start + i]! << ((i & 3) * 8);
    this.byteLength = length;
  }

  setWords(words: Int32Array, at: number, byteLength: number): void {
    this.byteLength = byteLength;
    for (let i = 0; i < this.wordLength; i += 1) this.words[i] = words[at + i]!;
  }

  hash(key0: number, key1: number): number {
    return halfSipHash(this.words, this.byteLength, key0, key1);
  }

  /** Names outside ASCII are rare: those that people write into a tenant's list instead of their punycode. */
  private setOther(text: string): boolean {
    const bytes = encoder.encode(text);
    if (bytes.length > keyBytesMax) return false;
    this.setBytes(bytes, 0, bytes.length);
    return true;
  }
}
