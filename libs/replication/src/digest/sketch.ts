import type { Element } from './element.js';
import { checkOf, eachSymbolOf } from './symbol-mapping.js';

/** 8 of the sum, 2 of the check, 1 of the count. */
export const symbolBytes = 11;

/**
 * Coded symbols of a set of elements (rateless IBLT): each is the XOR of the elements that map to it, the XOR of their checks, and
 * their number modulo 256. Adding and removing are the same but for the number, in any order, some ten symbols at a time; the
 * difference of two sets' symbols is the symbols of their difference.
 *
 * A number modulo 256 is enough: it only has to tell +1 from −1, and a sum that is taken for one element wrongly fails its check.
 */
export class Sketch {
  readonly length: number;
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly check: Uint16Array;
  readonly count: Uint8Array;

  constructor(length: number) {
    this.length = length;
    this.high = new Uint32Array(length);
    this.low = new Uint32Array(length);
    this.check = new Uint16Array(length);
    this.count = new Uint8Array(length);
  }

  add(element: Element): void {
    this.change(element, 1);
  }

  remove(element: Element): void {
    this.change(element, -1);
  }

  private change(element: Element, by: 1 | -1): void {
    const check = checkOf(element);
    eachSymbolOf(element, this.length, (i) => this.changeSymbol(i, element, check, by));
  }

  changeSymbol(index: number, { high, low }: Element, check: number, by: number): void {
    this.high[index]! ^= high;
    this.low[index]! ^= low;
    this.check[index]! ^= check;
    this.count[index]! += by;
  }

  /** Symbols of what is here and not there (+) and there and not here (−), as far as both have symbols. */
  minus(other: Sketch): Sketch {
    const difference = new Sketch(Math.min(this.length, other.length));
    for (let i = 0; i < difference.length; i++) {
      difference.high[i] = this.high[i]! ^ other.high[i]!;
      difference.low[i] = this.low[i]! ^ other.low[i]!;
      difference.check[i] = this.check[i]! ^ other.check[i]!;
      difference.count[i] = this.count[i]! - other.count[i]!;
    }
    return difference;
  }

  /** Big-endian, symbol by symbol, from `from` to before `to`. */
  toBytes(from = 0, to = this.length): Uint8Array {
    const bytes = new Uint8Array((to - from) * symbolBytes);
    const view = new DataView(bytes.buffer);
    for (let i = from, at = 0; i < to; i++, at += symbolBytes) {
      view.setUint32(at, this.high[i]!);
      view.setUint32(at + 4, this.low[i]!);
      view.setUint16(at + 8, this.check[i]!);
      view.setUint8(at + 10, this.count[i]!);
    }
    return bytes;
  }

  /** Null where the bytes are no whole number of symbols. */
  static fromBytes(bytes: Uint8Array): Sketch | null {
    if (bytes.length % symbolBytes !== 0) return null;
    const sketch = new Sketch(bytes.length / symbolBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0, at = 0; i < sketch.length; i++, at += symbolBytes) {
      sketch.high[i] = view.getUint32(at);
      sketch.low[i] = view.getUint32(at + 4);
      sketch.check[i] = view.getUint16(at + 8);
      sketch.count[i] = view.getUint8(at + 10);
    }
    return sketch;
  }
}
