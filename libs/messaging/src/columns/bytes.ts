const utf8Encoder = new TextEncoder();

/** Grows by doubling; numbers are variable-length, seven bits a byte, lowest first. */
export class ByteWriter {
  private bytes = new Uint8Array(256);
  private at = 0;

  byte(value: number): void {
    this.room(1);
    this.bytes[this.at++] = value;
  }

  /** A whole number from 0 to 2^53 - 1. */
  unsigned(value: number): void {
    this.room(8);
    if (value < 0x80) {
      this.bytes[this.at++] = value;
      return;
    }
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.at++] = (rest % 0x80) | 0x80;
      // Numbers above 2^31 are no business of bit operators.
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.at++] = rest;
  }

  /** A whole number of either sign, at most 2^52 in size: small ones are short. */
  signed(value: number): void {
    this.unsigned(value < 0 ? -value * 2 - 1 : value * 2);
  }

  float(value: number): void {
    this.room(8);
    new DataView(this.bytes.buffer).setFloat64(this.at, value);
    this.at += 8;
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.unsigned(size);
    this.room(size);
    utf8Encoder.encodeInto(value, this.bytes.subarray(this.at, this.at + size));
    this.at += size;
  }

  done(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  private room(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.at + more));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
  }
}

/** What was read is none of ours: internal text, callers say what it was to be. */
export class MalformedBytes extends Error {}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads what ByteWriter wrote. Throws MalformedBytes past the end and for what it never writes. */
export class ByteReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    if (this.left < 1) throw new MalformedBytes('the bytes end too early');
    return this.bytes[this.at++]!;
  }

  unsigned(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let factor = 0x80; ; factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw new MalformedBytes('a number is too large');
      if (byte < 0x80) return value;
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  float(): number {
    const part = this.take(8);
    const value = new DataView(part.buffer, part.byteOffset, 8).getFloat64(0);
    if (!Number.isFinite(value)) throw new MalformedBytes('a number is none of JSON');
    return value;
  }

  text(): string {
    try {
      return utf8.decode(this.take(this.unsigned()));
    } catch (error) {
      throw error instanceof MalformedBytes ? error : new MalformedBytes('a text is no UTF-8');
    }
  }

  /** The next `size` bytes, not copied. */
  take(size: number): Uint8Array {
    if (size > this.left) throw new MalformedBytes('the bytes end too early');
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }
}
