import { readUint32 } from './uint32.js';
import { frameHeaderBytes, headerFault, type LinkFault, type LinkRole } from './frames.js';

export interface FrameSink {
  /**
   * One whole frame. `bytes` from `start` to `end` is its payload, and belongs to the reader again after the call: who
   * needs it for longer copies it. A fault ends the reading.
   */
  frame(type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number): LinkFault | null;
}

/** Header and payload are at most this long together: lengths are 16 bits. */
const heldBytesMax = frameHeaderBytes + 0xffff;

/**
 * Frames out of chunks that end anywhere. A frame that lies whole within a chunk is given on where it lies; only one that
 * is split is copied, once, into one buffer kept for that. Nothing is allocated per frame.
 */
export class FrameReader {
  private held: Buffer | null = null;
  private heldBytes = 0;
  private fault: LinkFault | null = null;

  constructor(
    private readonly role: LinkRole,
    private readonly sink: FrameSink,
  ) {}

  /** Whether the bytes so far end within a frame: a link that ends here was cut. */
  get isWithinFrame(): boolean {
    return this.heldBytes > 0;
  }

  /** Reads `bytes` from `start` to `end`; after a fault, nothing is read any more. */
  push(bytes: Buffer, start: number, end: number): LinkFault | null {
    let at = start;
    if (this.fault === null && this.heldBytes > 0) at = this.fill(bytes, start, end);
    while (this.fault === null && at < end) at = this.direct(bytes, at, end);
    return this.fault;
  }

  /** Stops reading: the rest of a chunk is not looked at. */
  stop(fault: LinkFault): void {
    this.fault ??= fault;
  }

  private direct(bytes: Buffer, at: number, end: number): number {
    if (end - at < frameHeaderBytes) return this.hold(bytes, at, end);
    const head = readUint32(bytes, at);
    const type = head >>> 24;
    const flags = (head >>> 16) & 0xff;
    const length = head & 0xffff;
    const stream = readUint32(bytes, at + 4);
    const fault = headerFault(this.role, type, flags, length, stream);
    if (fault !== null) return this.failed(fault, end);
    const next = at + frameHeaderBytes + length;
    if (next > end) return this.hold(bytes, at, end);
    const wrong = this.sink.frame(type, flags, stream, bytes, at + frameHeaderBytes, next);
    return wrong === null ? next : this.failed(wrong, end);
  }

  private hold(bytes: Buffer, at: number, end: number): number {
    this.held ??= Buffer.allocUnsafeSlow(heldBytesMax);
    bytes.copy(this.held, 0, at, end);
    this.heldBytes = end - at;
    return end;
  }

  /** Completes the split frame, header first, so that a wrong one is found before its payload is waited for. */
  private fill(bytes: Buffer, start: number, end: number): number {
    const held = this.held!;
    let at = this.take(bytes, start, end, frameHeaderBytes);
    if (this.heldBytes < frameHeaderBytes) return at;
    const head = readUint32(held, 0);
    const length = head & 0xffff;
    const stream = readUint32(held, 4);
    const fault = headerFault(this.role, head >>> 24, (head >>> 16) & 0xff, length, stream);
    if (fault !== null) return this.failed(fault, end);
    const whole = frameHeaderBytes + length;
    at = this.take(bytes, at, end, whole);
    if (this.heldBytes < whole) return at;
    this.heldBytes = 0;
    const wrong = this.sink.frame(head >>> 24, (head >>> 16) & 0xff, stream, held, frameHeaderBytes, whole);
    return wrong === null ? at : this.failed(wrong, end);
  }

  private take(bytes: Buffer, at: number, end: number, upTo: number): number {
    if (this.heldBytes >= upTo) return at;
    const next = Math.min(end, at + upTo - this.heldBytes);
    bytes.copy(this.held!, this.heldBytes, at, next);
    this.heldBytes += next - at;
    return next;
  }

  private failed(fault: LinkFault, end: number): number {
    this.fault ??= fault;
    return end;
  }
}
