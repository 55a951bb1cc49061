import { isoOfMs, msOfIso } from '@lapidary/kernel/iso-time';
import { MalformedBytes, type ByteReader, type ByteWriter } from './bytes.js';
import {
  hlcLengthMin,
  hlcOf,
  hlcParts,
  leaf,
  numberedOf,
  numberedParts,
  ulidOf,
  ulidParts,
  type HlcParts,
  type LeafKind,
} from './leaf-kinds.js';
import { NumbersWriter, readNumbers, readWords, WordsWriter } from './streams.js';
import { readTimes, TimesWriter, type LatelyMet } from './times.js';

/** Which streams a kind has, in their order: times, texts, numbers. */
const streamsOf: Readonly<Record<LeafKind, string>> = {
  [leaf.null]: '',
  [leaf.true]: '',
  [leaf.false]: '',
  [leaf.int]: 'n',
  [leaf.float]: '',
  [leaf.text]: 'w',
  [leaf.numbered]: 'wn',
  [leaf.hlc]: 'twn',
  [leaf.ulid]: 'twn',
  [leaf.time]: 't',
  [leaf.json]: 'w',
};

/** Leaves of one kind under one key. */
export class LeafWriter {
  private readonly times: TimesWriter | null;
  private readonly words: WordsWriter | null;
  private readonly numbers: NumbersWriter | null;
  private readonly floats: number[] = [];

  constructor(kind: LeafKind, lately: LatelyMet) {
    const streams = streamsOf[kind];
    this.times = streams.includes('t') ? new TimesWriter(lately) : null;
    this.words = streams.includes('w') ? new WordsWriter() : null;
    this.numbers = streams.includes('n') ? new NumbersWriter() : null;
  }

  time(ms: number): void {
    this.times!.add(ms);
  }

  word(text: string): void {
    this.words!.add(text);
  }

  number(value: number): void {
    this.numbers!.add(value);
  }

  float(value: number): void {
    this.floats.push(value);
  }

  writeTo(out: ByteWriter): void {
    for (const stream of [this.times, this.words, this.numbers]) stream?.writeTo(out);
    for (const value of this.floats) out.float(value);
  }
}

/** Writes texts into the columns of their kinds, which `columnOf` gives. */
export class TextSorter {
  /** An event tells its time in many places. */
  private lastHlc = '';
  private lastHlcParts: HlcParts | null = null;

  constructor(private readonly columnOf: (kind: LeafKind) => LeafWriter) {}

  /** Returns the kind. */
  write(text: string): LeafKind {
    const { length } = text;
    // The longest of what is short: most texts are, and none of the kinds below.
    const kind = length >= hlcLengthMin ? (this.writeHlc(text) ?? this.writeOfLength(text)) : null;
    if (kind !== null) return kind;
    const numbered = numberedParts(text);
    if (numbered !== null && text.isWellFormed()) {
      const column = this.columnOf(leaf.numbered);
      column.word(numbered.stem);
      column.number(numbered.n);
      return leaf.numbered;
    }
    if (text.isWellFormed()) {
      this.columnOf(leaf.text).word(text);
      return leaf.text;
    }
    this.columnOf(leaf.json).word(JSON.stringify(text));
    return leaf.json;
  }

  private writeHlc(text: string): LeafKind | null {
    const parts = text === this.lastHlc ? this.lastHlcParts : hlcParts(text);
    if (parts === null || !parts.region.isWellFormed()) return null;
    this.lastHlc = text;
    this.lastHlcParts = parts;
    const column = this.columnOf(leaf.hlc);
    column.time(parts.ms);
    column.word(parts.region);
    column.number(parts.counter);
    return leaf.hlc;
  }

  private writeOfLength(text: string): LeafKind | null {
    const ms = msOfIso(text);
    if (ms !== null) {
      this.columnOf(leaf.time).time(ms);
      return leaf.time;
    }
    const ulid = ulidParts(text);
    if (ulid === null) return null;
    const column = this.columnOf(leaf.ulid);
    column.time(ulid.ms);
    column.word(ulid.head);
    column.number(ulid.count);
    return leaf.ulid;
  }
}

/** Reads a column of `count` leaves; what it returns gives them one after the other. Throws MalformedBytes for what no writer writes. */
export const readLeaves = (from: ByteReader, kind: LeafKind, count: number, lately: LatelyMet): (() => unknown) => {
  const streams = streamsOf[kind];
  const none = (): never => {
    throw new MalformedBytes('there is no such stream');
  };
  const time = streams.includes('t') ? readTimes(from, count, lately) : none;
  const word = streams.includes('w') ? readWords(from, count) : none;
  const number = streams.includes('n') ? readNumbers(from, count) : none;
  switch (kind) {
    case leaf.null:
      return () => null;
    case leaf.true:
      return () => true;
    case leaf.false:
      return () => false;
    case leaf.int:
      return number;
    case leaf.float: {
      const floats = Array.from({ length: count }, () => from.float());
      let at = 0;
      return () => floats[at++]!;
    }
    case leaf.text:
      return word;
    case leaf.numbered:
      return () => checked(numberedOf(word(), natural(number())));
    case leaf.hlc:
      return readHlcs(time, word, number);
    case leaf.ulid:
      return () => ulidOf({ ms: time(), head: word(), count: natural(number()) });
    case leaf.time:
      return () => isoOfMs(time());
    case leaf.json:
      return () => parsed(word());
  }
};

/** A column has the same time several times in a row: an event tells it of each field, and as seen. */
const readHlcs = (time: () => number, word: () => string, number: () => number): (() => string) => {
  let last: HlcParts = { ms: -1, counter: -1, region: '' };
  let text = '';
  return () => {
    const [ms, region, counter] = [time(), word(), natural(number())];
    if (ms === last.ms && counter === last.counter && region === last.region) return text;
    last = { ms, counter, region };
    return (text = hlcOf(last));
  };
};

const natural = (value: number): number => {
  if (value < 0) throw new MalformedBytes('a count is negative');
  return value;
};
const checked = (text: string | null): string => {
  if (text === null) throw new MalformedBytes('a text has no form');
  return text;
};
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedBytes('a value is no JSON');
  }
};
