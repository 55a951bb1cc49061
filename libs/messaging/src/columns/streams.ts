import { MalformedBytes, type ByteReader, type ByteWriter } from './bytes.js';

const plain = 0;
const differences = 1;
/** All of one width, the lowest byte of each first, then the next: what is random stays apart from what is not. */
const planes = 2;
/** Beyond four bytes numbers are few. */
const planeBytesMax = 4;
/** Planes compress better than their size says. */
const planesWorth = 1.1;
/** Differences of larger ones would not be exact. */
const differenceMax = 2 ** 51;

const sizeOf = (value: number): number => {
  let rest = zigzag(value);
  let size = 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
  return size;
};

const zigzag = (value: number): number => (value < 0 ? -value * 2 - 1 : value * 2);
const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

/** Whole numbers, as they are, as differences, or in planes, whichever is shorter. */
export class NumbersWriter {
  private readonly values: number[] = [];

  add(value: number): void {
    this.values.push(value);
  }

  writeTo(out: ByteWriter): void {
    let [asTheyAre, asDifferences, before, most] = [0, 0, 0, 0];
    for (const value of this.values) {
      most = Math.max(most, zigzag(value));
      asTheyAre += sizeOf(value);
      asDifferences += Math.abs(value) > differenceMax ? Infinity : sizeOf(value - before);
      before = value;
    }
    const width = Math.max(1, Math.ceil((32 - Math.clz32(most)) / 8));
    const shortest = Math.min(asTheyAre, asDifferences);
    if (most < 2 ** 32 && shortest > this.values.length && this.values.length * width <= shortest * planesWorth) {
      out.byte(planes);
      out.byte(width);
      for (let plane = 0; plane < width; plane += 1) for (const value of this.values) out.byte((zigzag(value) >>> (plane * 8)) & 0xff);
      return;
    }
    const how = asDifferences < asTheyAre ? differences : plain;
    out.byte(how);
    before = 0;
    for (const value of this.values) {
      out.signed(how === differences ? value - before : value);
      before = value;
    }
  }
}

export const readNumbers = (from: ByteReader, count: number): (() => number) => {
  const how = from.byte();
  const values = new Float64Array(count);
  let at = 0;
  const next = (): number => values[at++]!;
  if (how === planes) {
    const width = from.byte();
    if (width > planeBytesMax) throw new MalformedBytes('numbers are too wide');
    for (let plane = 0; plane < width; plane += 1) from.take(count).forEach((byte, i) => (values[i]! += byte * 256 ** plane));
    values.forEach((value, i) => (values[i] = unzigzag(value)));
    return next;
  }
  if (how !== plain && how !== differences) throw new MalformedBytes('numbers are written in no known way');
  let before = 0;
  for (let i = 0; i < count; i += 1) {
    const value = from.signed() + (how === differences ? before : 0);
    if (!Number.isSafeInteger(value)) throw new MalformedBytes('a number is too large');
    values[i] = value;
    before = value;
  }
  return next;
};

/** Texts, each written once: 0 and the text where it is new, else its place among those that were, from 1. */
export class WordsWriter {
  private readonly places = new Map<string, number>();
  private readonly words: (number | string)[] = [];
  private last: string | null = null;
  private lastPlace = 0;

  add(text: string): void {
    if (text !== this.last) {
      const place = this.places.get(text);
      this.last = text;
      this.lastPlace = place ?? this.places.size + 1;
      if (place === undefined) {
        this.places.set(text, this.lastPlace);
        this.words.push(text);
        return;
      }
    }
    this.words.push(this.lastPlace);
  }

  writeTo(out: ByteWriter): void {
    for (const word of this.words) {
      if (typeof word === 'number') out.unsigned(word);
      else {
        out.byte(0);
        out.text(word);
      }
    }
  }
}

export const readWords = (from: ByteReader, count: number): (() => string) => {
  const known: string[] = [];
  const words: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const place = from.unsigned();
    if (place > known.length) throw new MalformedBytes('a text is told of that was not there before');
    if (place === 0) known.push(from.text());
    words.push(place === 0 ? known.at(-1)! : known[place - 1]!);
  }
  let at = 0;
  return () => words[at++]!;
};
