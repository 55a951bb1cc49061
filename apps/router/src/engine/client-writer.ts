import { latin1 } from '../http1/characters.js';
import { slabs, type Slab } from '../transport/slab.js';
import type { Wire } from '../transport/wire.js';

/** Gathers an answer, so that a head and a small body are one system call. What is gathered leaves with the read that brought it. */
export class ClientWriter {
  private slab: Slab | null = null;
  /** Behind it: what has found no slab. */
  private text = '';

  constructor(private readonly wire: Wire) {}

  /** Whether the client, not what is behind us, is what we wait for. */
  get isCongested(): boolean {
    return this.wire.isCongested;
  }

  /** The first `length` characters of latin1 text. */
  add(text: string, length = text.length): void {
    const slab = this.roomFor(length);
    if (slab !== null) slab.addText(text, length);
    else this.text += length === text.length ? text : text.slice(0, length);
  }

  /** Bytes that are good during the call only. */
  addBytes(bytes: Buffer, from: number, to: number): void {
    const slab = this.roomFor(to - from);
    if (slab !== null) slab.addBytes(bytes, from, to);
    else this.text += latin1(bytes, from, to);
  }

  addUtf8(text: string): void {
    // Most are ASCII, the same in both: no bytes are made of these.
    const isAscii = Buffer.byteLength(text) === text.length;
    if (isAscii) this.add(text);
    this.flush();
    if (!isAscii) this.wire.write(Buffer.from(text));
  }

  /** Sends what was gathered. false: hold the answer back until the client has read. */
  flush(): boolean {
    const { slab, text } = this;
    if (slab !== null) {
      this.slab = null;
      this.wire.writeSlab(slab);
    }
    if (text !== '') {
      this.text = '';
      this.wire.write(text);
    }
    return !this.wire.isCongested;
  }

  /** Nothing of it is to be sent any more. */
  forget(): void {
    if (this.slab !== null) slabs.giveBack(this.slab);
    this.slab = null;
    this.text = '';
  }

  /** null: it has to be text. */
  private roomFor(bytes: number): Slab | null {
    // In order: behind text there is only text.
    if (this.text !== '') return null;
    if (this.slab !== null && this.slab.fits(bytes)) return this.slab;
    if (this.slab !== null) this.flush();
    this.slab = slabs.take();
    if (this.slab === null || this.slab.fits(bytes)) return this.slab;
    slabs.giveBack(this.slab);
    this.slab = null;
    return null;
  }
}
