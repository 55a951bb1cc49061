import { nowMs } from '../read-clock.js';
import { endsWaiting } from './characters.js';

/** Room for a usual head at once; it doubles from there. */
const firstBytes = 2 * 1024;

/** Bytes of a head that is not complete yet. */
export class PartialHead {
  private buffer: Buffer | null = null;
  private size = 0;
  private begunMs = 0;

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /**
   * Keeps bytes[from … to), and says whether a scan may come to something: a head sent byte by byte must not be scanned for
   * each of them. `limitBytes`: beyond it the scan has its verdict.
   */
  add(bytes: Buffer, from: number, to: number, limitBytes: number): boolean {
    const room = this.roomFor(to - from);
    if (this.begunMs === 0) this.begunMs = nowMs();
    bytes.copy(room, this.size, from, to);
    this.size += to - from;
    if (this.size > limitBytes) return true;
    for (let i = from; i < to; i += 1) if (endsWaiting[bytes[i]!] === 1) return true;
    return false;
  }

  /** When the first byte of the head that is whole now came in an earlier piece; 0: it came at once. */
  takeBegunMs(): number {
    const { begunMs } = this;
    this.begunMs = 0;
    return begunMs;
  }

  /** All that was kept; nothing is kept any more. */
  take(): Buffer {
    const all = this.buffer?.subarray(0, this.size) ?? Buffer.alloc(0);
    this.buffer = null;
    this.size = 0;
    return all;
  }

  private roomFor(more: number): Buffer {
    const needed = this.size + more;
    if (this.buffer && this.buffer.length >= needed) return this.buffer;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * (this.buffer?.length ?? firstBytes / 2)));
    if (this.buffer) this.buffer.copy(larger, 0, 0, this.size);
    this.buffer = larger;
    return larger;
  }
}
