import { latin1, type Latin1Writer } from '../http1/characters.js';
import { readBufferBytes } from './read-buffer.js';

/** A read, and a head before it. */
const slabBytes = readBufferBytes + 16 * 1024;
/** Most writes are taken at once, so that one serves all; more are kept after a moment in which many waited. */
const spareMax = 4;
/** A crowd of slow readers doesn't make of each of its answers a slab. */
const outMax = 64;
/** Views of so many lengths are kept: to make one anew for each message would cost as much as its bytes. */
const viewsMax = 2048;

/** Up to here it is less to write text letter by letter than to have Node write it. */
const shortTextMax = 8;

/** Text and bytes of one message, one behind the other, until the kernel has them; then it serves another one. */
export class Slab {
  private readonly bytes = Buffer.allocUnsafeSlow(slabBytes) as Buffer & Latin1Writer;
  private readonly views: (Buffer | null)[] = Array.from({ length: viewsMax }, () => null);
  private used = 0;

  get size(): number {
    return this.used;
  }

  fits(more: number): boolean {
    return this.used + more <= slabBytes;
  }

  /** The first `length` characters of latin1 text. It fits. */
  addText(text: string, length: number): void {
    const { bytes, used } = this;
    if (length > shortTextMax) bytes.latin1Write(text, used, length);
    else for (let i = 0; i < length; i += 1) bytes[used + i] = text.charCodeAt(i);
    this.used = used + length;
  }

  /** Copies bytes[from … to). They fit. */
  addBytes(bytes: Buffer, from: number, to: number): void {
    bytes.copy(this.bytes, this.used, from, to);
    this.used += to - from;
  }

  /** What is in it; good until it is given back. */
  view(): Buffer {
    const { used, bytes } = this;
    return used < viewsMax ? (this.views[used] ??= bytes.subarray(0, used)) : bytes.subarray(0, used);
  }

  /** The same as text. */
  text(): string {
    return latin1(this.bytes, 0, this.used);
  }

  clear(): void {
    this.used = 0;
  }
}

/** Of one thread. */
class Slabs {
  private readonly spare: Slab[] = [];
  private out = 0;

  /** An empty one; null: as many are out as may be. */
  take(): Slab | null {
    if (this.out >= outMax) return null;
    this.out += 1;
    return this.spare.pop() ?? new Slab();
  }

  /** Nobody reads from it any more. */
  giveBack(slab: Slab): void {
    this.out -= 1;
    slab.clear();
    if (this.spare.length < spareMax) this.spare.push(slab);
  }

  /** Nobody knows who still reads from it: it is never used again. */
  lose(): void {
    this.out -= 1;
  }
}

export const slabs = new Slabs();
