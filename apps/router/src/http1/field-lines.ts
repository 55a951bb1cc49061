import { headerCountMax } from '@lapidary/stamp-sdk/forward/request-check';
import { linkReadBytes, readBufferBytes } from '../transport/read-buffer.js';
import { tokenByte } from './characters.js';
import { fieldLinesWasm } from './field-lines-wasm.js';
import { FieldKind, fieldKind, mayBeAKind, placeOfName } from './field-kinds.js';
import { field, FieldScan, readField } from './fields.js';
import type { HeadRecord } from './head-record.js';

/** As wasm/field-lines.ts has it: offsets in, and what comes back, in bytes of its memory. */
export type ScanLines = (from: number, to: number, fieldsMax: number) => number;

/** Takes note of the last field read, whose line begins at `lineStart`. */
export type TakeField<H> = (kind: FieldKind, bytes: Uint8Array, lineStart: number, head: H) => void;

/** Layout of the memory, as in wasm/field-lines.ts. What connections read lies in its second page, what links read behind it; the last page is there to be looked into behind its end. */
const pageBytes = 64 * 1024;
const linkAt = pageBytes + readBufferBytes;
const pages = (linkAt + linkReadBytes) / pageBytes + 1;
const tokenLowAt = 0;
const tokenHighAt = 16;
const countsAt = 32;
const notablesAt = 64;
const noteworthyAt = 4096;
const wordsPerNotable = 5;
const halfByteBits = 4;
const lowBits = 0x0f;

/** Heads with what the two could read differently: ends of lines, blanks, bytes that may stand nowhere, names of sixteen and more bytes. */
const samples: readonly string[] = [
  '\r\n',
  'Host: a\r\n\r\nGET /\0',
  'a:\r\nX-Odd: \t b\t \r\nContent-Length:7\r\n\r\n',
  `Sec-Fetch-Destination: ${'v\xe9~'.repeat(20)}\r\nConnection: close\r\n\r\n`,
  'Host: a\r\n',
  'Host: a\n\r\n',
  'Host : a\r\n\r\n',
  'X-A: b\0\r\n\r\n',
  'X-\xe9: b\r\n\r\n',
  ' folded: b\r\n\r\n',
];

export const scanInThisNode = (memory: WebAssembly.Memory): ScanLines => {
  const compiled = new WebAssembly.Module(Buffer.from(fieldLinesWasm, 'base64'));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports['scan'] as ScanLines;
};

/** null: this Node was started without WebAssembly. */
const memoryOf = (size: number): WebAssembly.Memory | null =>
  typeof WebAssembly === 'undefined' ? null : new WebAssembly.Memory({ initial: size, maximum: size });

const layOut = (bytes: Uint8Array): void => {
  bytes.set(mayBeAKind, noteworthyAt);
  for (let code = 0; code < tokenByte.length / 2; code += 1) {
    const high = code >> halfByteBits;
    bytes[tokenHighAt + high] = 1 << high;
    if (tokenByte[code] === 1) bytes[tokenLowAt + (code & lowBits)]! |= 1 << high;
  }
};

/**
 * The second of two scanners for the fields of heads: WebAssembly, for what was read into its own buffers, which are what connections of both tiers, and links, are read into. What always holds:
 * - F1 It takes only what the scanner in TypeScript takes as well, in the same way; whatever isn't plain is left to that one, so that only one of them refuses.
 * - F2 It isn't used before it has read some heads as that one does, and never again once it has told what can't be.
 */
export class FieldLines {
  /** What was read into one of these can be read here. */
  readonly buffer: Buffer;
  readonly linkBuffer: Buffer;
  /** Where the one that was read last lies in the memory. */
  private bufferAt = pageBytes;
  private readonly counts: Int32Array;
  private readonly notables: Int32Array;
  /** null: not to be used. */
  private scan: ScanLines | null = null;

  constructor(load: (memory: WebAssembly.Memory) => ScanLines = scanInThisNode) {
    const memory = memoryOf(pages);
    const bytes = memory?.buffer ?? new ArrayBuffer(pages * pageBytes);
    this.buffer = Buffer.from(bytes, pageBytes, readBufferBytes);
    this.linkBuffer = Buffer.from(bytes, linkAt, linkReadBytes);
    this.counts = new Int32Array(bytes, countsAt, 2);
    this.notables = new Int32Array(bytes, notablesAt, wordsPerNotable * headerCountMax);
    layOut(new Uint8Array(bytes));
    if (memory === null) return;
    try {
      this.scan = load(memory);
      if (!samples.every((text) => this.readsAlike(text))) this.scan = null;
    } catch {
      // This processor or this Node doesn't have what it needs.
      this.scan = null;
    }
  }

  get isUsed(): boolean {
    return this.scan !== null;
  }

  /** Of the head that was read last. */
  get fieldCount(): number {
    return this.counts[0]!;
  }

  /** Of its fields, those that may mean something to a proxy by the length of their name and its first letter. */
  private get notableCount(): number {
    return this.counts[1]!;
  }

  /** Reads the lines that begin at `from`; offset of the empty line behind them, or -1: the other scanner is to read them. */
  read(bytes: Uint8Array, from: number, to: number): number {
    if (this.scan === null || (bytes !== this.buffer && bytes !== this.linkBuffer)) return -1;
    const bufferAt = bytes === this.buffer ? pageBytes : linkAt;
    this.bufferAt = bufferAt;
    try {
      const at = this.scan(bufferAt + from, bufferAt + to, headerCountMax);
      if (at === -1) return -1;
      const end = at - bufferAt;
      if (end >= from && end + 2 <= to && this.notableCount <= this.fieldCount && this.fieldCount <= headerCountMax) return end;
    } catch {
      // As for what can't be.
    }
    this.scan = null;
    return -1;
  }

  /** Reads the lines of a head, and has each that means something to a proxy taken; false: the other scanner is to read them. */
  takeInto<H extends HeadRecord>(bytes: Uint8Array, to: number, head: H, take: TakeField<H>): boolean {
    const emptyLine = this.read(bytes, head.fieldsStart, to);
    if (emptyLine === -1) return false;
    const { fieldCount, notableCount } = this;
    for (let i = 0; i < notableCount; i += 1) {
      const lineStart = this.show(i);
      const kind = fieldKind(bytes, field.nameStart, field.nameEnd);
      if (kind !== FieldKind.Plain) take(kind, bytes, lineStart, head);
    }
    head.fieldCount = fieldCount;
    head.fieldsEnd = emptyLine;
    head.end = emptyLine + 2;
    return true;
  }

  /** Makes the `index`th notable line the last field read; returns where its line begins. */
  private show(index: number): number {
    const { notables, bufferAt } = this;
    const at = wordsPerNotable * index;
    const lineStart = notables[at]! - bufferAt;
    field.nameStart = lineStart;
    field.nameEnd = notables[at + 1]! - bufferAt;
    field.valueStart = notables[at + 2]! - bufferAt;
    field.valueEnd = notables[at + 3]! - bufferAt;
    field.next = notables[at + 4]! - bufferAt;
    return lineStart;
  }

  private readsAlike(text: string): boolean {
    const to = this.buffer.write(text, 'latin1');
    const wanted: number[] = [];
    let at = 0;
    let found = readField(this.buffer, at, to);
    for (; found === FieldScan.Field; found = readField(this.buffer, at, to)) {
      const { nameEnd, valueStart, valueEnd, next } = field;
      if (mayBeAKind[placeOfName(this.buffer[at]!, nameEnd - at)] === 1) wanted.push(at, nameEnd, valueStart, valueEnd, next);
      at = next;
    }
    const end = this.read(this.buffer, 0, to);
    if (found !== FieldScan.End) return end === -1;
    if (end !== at || wordsPerNotable * this.notableCount !== wanted.length) return false;
    return wanted.every((offset, i) => this.notables[i] === pageBytes + offset);
  }
}

/** Of this thread. */
export const fieldLines = new FieldLines();
