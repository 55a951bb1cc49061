import { readBufferBytes } from './read-buffer.js';

/** A read, and a head before it. */
const slabBytes = readBufferBytes + 16 * 1024;
/** Most writes are taken at once, so that one serves all; more are kept after a moment in which many waited. */
const spareMax = 4;

/** Bytes that are good for a moment only, copied to be written: into buffers that serve again when they have been. */
export class LentCopies {
  private readonly spare: Buffer[] = [];

  /** Whether they go into one. */
  fits(before: string, bytes: number): boolean {
    return before.length + bytes <= slabBytes;
  }

  take(): Buffer {
    return this.spare.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
  }

  /** Nobody reads from it any more. */
  giveBack(slab: Buffer): void {
    if (this.spare.length < spareMax) this.spare.push(slab);
  }
}
