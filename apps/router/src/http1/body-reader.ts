import { ChunkReader, ChunkStep } from './chunk-reader.js';

/** A body whose end is the end of the connection (RFC 9112 §6.3, answers only). */
export const untilClose = -2;
export const chunkedLength = -1;

/** Finds a message's body in bytes, in pieces of any size, and where it ends. Used for message after message. */
export class BodyReader {
  at = 0;
  dataStart = 0;
  dataEnd = 0;
  private left = 0;
  private readonly chunks = new ChunkReader();

  /** `length`: bytes, chunkedLength or untilClose. */
  begin(length: number): void {
    this.left = length;
    if (length === chunkedLength) this.chunks.reset();
  }

  /** Whether nothing of the message is missing. */
  get isWhole(): boolean {
    return this.left === 0;
  }

  get endsWithConnection(): boolean {
    return this.left === untilClose;
  }

  get reason(): string {
    return this.chunks.reason;
  }

  /** As ChunkReader.read, for all framings; not to be called when whole. */
  read(bytes: Uint8Array, from: number, to: number): ChunkStep {
    if (this.left === chunkedLength) return this.readChunked(bytes, from, to);
    if (from >= to) return ChunkStep.More;
    const taken = this.left === untilClose ? to - from : Math.min(to - from, this.left);
    this.dataStart = from;
    this.dataEnd = this.at = from + taken;
    if (this.left !== untilClose) this.left -= taken;
    return ChunkStep.Data;
  }

  private readChunked(bytes: Uint8Array, from: number, to: number): ChunkStep {
    const step = this.chunks.read(bytes, from, to);
    this.at = this.chunks.at;
    this.dataStart = this.chunks.dataStart;
    this.dataEnd = this.chunks.dataEnd;
    if (step === ChunkStep.Done) this.left = 0;
    return step;
  }
}
