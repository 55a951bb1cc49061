import type { Wire } from '../transport/wire.js';

/** Gathers the text of an answer, so that a head and a small body are one system call. */
export class ClientWriter {
  private text = '';

  constructor(private readonly wire: Wire) {}

  /** Whether the client, not what is behind us, is what we wait for. */
  get isCongested(): boolean {
    return this.wire.isCongested;
  }

  /** latin1 */
  add(text: string): void {
    this.text += text;
  }

  /** Bytes that are too many to gather: they are sent, with what was gathered before. */
  addBytes(bytes: Buffer, from: number, to: number): void {
    const { text } = this;
    this.text = '';
    this.wire.writeLent(text, bytes, from, to);
  }

  addUtf8(text: string): void {
    // Most are ASCII, the same in both: no bytes are made of these.
    const isAscii = Buffer.byteLength(text) === text.length;
    if (isAscii) this.text += text;
    this.flush();
    if (!isAscii) this.wire.write(Buffer.from(text));
  }

  /** Sends what was gathered. false: hold the answer back until the client has read. */
  flush(): boolean {
    if (this.text !== '') {
      const { text } = this;
      this.text = '';
      this.wire.write(text);
    }
    return !this.wire.isCongested;
  }
}
