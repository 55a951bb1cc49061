import { CR, LF, tokenByte, valueByte } from './characters.js';
import { ChunkExtension } from './chunk-extension.js';
import { TrailerName } from './trailer-name.js';

export const ChunkStep = {
  /** All bytes given are taken; more are needed. */
  More: 0,
  /** dataStart … dataEnd is body; call again at `at`. */
  Data: 1,
  /** The body is over; `at` is the first byte behind it. */
  Done: 2,
  /** Not chunked coding; `reason` says why. Nothing behind it can be trusted. */
  Bad: 3,
} as const;
export type ChunkStep = (typeof ChunkStep)[keyof typeof ChunkStep];

/** 48 bits: more than any body has, and a safe integer. Leading zeros count: nobody needs them. */
const sizeDigitsMax = 12;
const trailerBytesMax = 8 * 1024;

const At = {
  Size: 0,
  Extension: 1,
  SizeLf: 2,
  Data: 3,
  DataCr: 4,
  DataLf: 5,
  TrailerStart: 6,
  TrailerName: 7,
  TrailerValue: 8,
  TrailerLf: 9,
  EndLf: 10,
} as const;
type At = (typeof At)[keyof typeof At];

const hexValue = (code: number): number => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
};

/**
 * The chunked coding (RFC 9112 §7.1) read strictly, in pieces of any size. It yields the body alone: extensions and
 * trailers are checked and dropped, so that what is passed on is framed by us and read in one way only (no trailer is on
 * the allow-list: none may steer what is behind us). A trailer that names framing or the connection is no chunked coding: there are servers
 * that do as it says. One object is used for message after message.
 */
export class ChunkReader {
  at = 0;
  dataStart = 0;
  dataEnd = 0;
  reason = '';
  private state: At = At.Size;
  private left = 0;
  private digits = 0;
  private trailerBytes = 0;
  private readonly extension = new ChunkExtension();
  private readonly trailerName = new TrailerName();

  reset(): void {
    this.state = At.Size;
    this.left = this.digits = this.trailerBytes = 0;
    this.extension.reset();
  }

  /** Takes bytes[from … to) until there is something to say. */
  read(bytes: Uint8Array, from: number, to: number): ChunkStep {
    let at = from;
    while (at < to) {
      if (this.state === At.Data) return this.takeData(at, to);
      const problem = this.step(bytes[at]!);
      if (problem !== null) return this.bad(problem);
      at += 1;
      if (this.state === At.Size && this.left === -1) {
        this.at = at;
        this.left = 0;
        return ChunkStep.Done;
      }
    }
    this.at = at;
    return ChunkStep.More;
  }

  private takeData(at: number, to: number): ChunkStep {
    const taken = Math.min(to - at, this.left);
    this.dataStart = at;
    this.dataEnd = this.at = at + taken;
    this.left -= taken;
    if (this.left === 0) this.state = At.DataCr;
    return ChunkStep.Data;
  }

  private bad(reason: string): ChunkStep {
    this.reason = reason;
    return ChunkStep.Bad;
  }

  /** One byte of framing; null: it fits. `left` is -1 behind the last line end. */
  private step(code: number): string | null {
    switch (this.state) {
      case At.Size:
        return this.takeSize(code);
      case At.Extension:
        return this.takeExtension(code);
      case At.SizeLf:
        if (code !== LF) return 'a chunk size does not end with CRLF';
        return this.go(this.left === 0 ? At.TrailerStart : At.Data);
      case At.DataCr:
        return code === CR ? this.go(At.DataLf) : 'a chunk is longer than its size';
      case At.DataLf:
        this.digits = 0;
        return code === LF ? this.go(At.Size) : 'a chunk does not end with CRLF';
      case At.EndLf:
        if (code !== LF) return 'the trailer section does not end with CRLF';
        this.left = -1;
        return this.go(At.Size);
      default:
        return this.takeTrailer(code);
    }
  }

  private takeSize(code: number): string | null {
    const value = hexValue(code);
    if (value >= 0) {
      if ((this.digits += 1) > sizeDigitsMax) return 'a chunk size is too large';
      this.left = (this.digits === 1 ? 0 : this.left) * 16 + value;
      return null;
    }
    if (this.digits === 0) return 'a chunk size is missing';
    if (code === CR) return this.go(At.SizeLf);
    if (code !== 0x3b) return 'a chunk size is not hexadecimal';
    this.extension.begin();
    return this.go(At.Extension);
  }

  private takeExtension(code: number): string | null {
    const taken = this.extension.take(code);
    if (taken === true) return this.go(At.SizeLf);
    return taken === false ? null : taken;
  }

  private takeTrailer(code: number): string | null {
    if ((this.trailerBytes += 1) > trailerBytesMax) return 'the trailers are too large';
    switch (this.state) {
      case At.TrailerStart:
        if (code === CR) return this.go(At.EndLf);
        if (tokenByte[code] !== 1) return 'a trailer is malformed';
        this.trailerName.begin(code);
        return this.go(At.TrailerName);
      case At.TrailerName:
        if (code === 0x3a) return this.trailerName.isSteering ? 'a trailer names framing or the connection' : this.go(At.TrailerValue);
        if (tokenByte[code] !== 1) return 'a trailer is malformed';
        this.trailerName.take(code);
        return null;
      case At.TrailerValue:
        if (code === CR) return this.go(At.TrailerLf);
        return valueByte[code] === 1 ? null : 'a trailer is malformed';
      default:
        return code === LF ? this.go(At.TrailerStart) : 'a trailer does not end with CRLF';
    }
  }

  private go(state: At): null {
    this.state = state;
    return null;
  }
}
