import { replayBytesMax } from '@lapidary/stamp-sdk/forward/replay-buffer';
import { latin1 } from '../http1/characters.js';
import type { Chunk, LaneExchange } from './upstream-lane.js';

/** Up to here a piece travels as text: one copy, and it joins the head in one system call. */
const textBytesMax = 8 * 1024;

const chunkOf = (bytes: Buffer, from: number, to: number): Chunk =>
  to - from <= textBytesMax ? latin1(bytes, from, to) : Buffer.from(bytes.subarray(from, to));

/**
 * The body of the request under way. It is kept up to replayBytesMax, so that it can be sent again from its beginning; what
 * has come before there is an open lane is kept whatever its size, which is one read at most (C3).
 */
export class RequestBody {
  private chunks: Chunk[] = [];
  private bytes = 0;
  private keeping = true;
  /** Whether all of it has come. */
  whole = false;

  /** `whole`: there is none. */
  begin(whole: boolean): void {
    if (this.chunks.length > 0) this.chunks = [];
    this.bytes = 0;
    this.keeping = true;
    this.whole = whole;
  }

  /** Of this request. */
  get cameBytes(): number {
    return this.bytes;
  }

  /** Whether all that has come is still here. */
  get replayable(): boolean {
    return this.keeping;
  }

  /** Takes a piece and passes it on where a lane is open. false: the source has to wait. */
  take(bytes: Buffer, from: number, to: number, lane: LaneExchange | null): boolean {
    const chunk = chunkOf(bytes, from, to);
    this.bytes += chunk.length;
    if (this.keeping) this.chunks.push(chunk);
    if (lane === null || !lane.isOpen) return false;
    const goesOn = lane.write(chunk);
    this.trim();
    return goesOn;
  }

  /** Sends what has come so far, from the beginning; `moreComes`: what follows is at hand, and leaves with it. false: the source has to wait. */
  replay(lane: LaneExchange, moreComes: boolean): boolean {
    let goesOn = true;
    for (const chunk of this.chunks) goesOn = lane.write(chunk);
    this.trim();
    if (this.whole) lane.end();
    else if (!moreComes) lane.flush();
    return goesOn;
  }

  /** It won't be sent again. */
  forget(): void {
    this.keeping = false;
    if (this.chunks.length > 0) this.chunks = [];
  }

  private trim(): void {
    if (this.bytes > replayBytesMax) this.forget();
  }
}
