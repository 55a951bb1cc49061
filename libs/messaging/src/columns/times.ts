import { MalformedBytes, type ByteReader, type ByteWriter } from './bytes.js';
import { NumbersWriter, readNumbers } from './streams.js';

/** How a time is told: by the one met last anywhere, by the one before it in its column, or from here on: as one of those met lately. */
const byLast = 0;
const byColumn = 1;
const again = 2;
/** An event has its id's time, its transaction's, its own, and those of a few writes that it knows of. */
const latelyMax = 8;
/** The last one that Date knows; a ULID's end is later still, and none of ours. */
const msMax = 8.64e15;

/** Times that were met lately in whatever column, the last one first: what lies beside each other in a value is mostly of one moment. */
export class LatelyMet {
  private readonly times: number[] = [];

  get last(): number {
    return this.times[0] ?? 0;
  }

  indexOf(ms: number): number {
    return this.times.indexOf(ms);
  }

  at(index: number): number | undefined {
    return this.times[index];
  }

  /** `index`: where it was; -1 for one that was not there. */
  meet(ms: number, index: number): void {
    if (index === 0) return;
    if (index > 0) this.times.splice(index, 1);
    else if (this.times.length === latelyMax) this.times.pop();
    this.times.unshift(ms);
  }
}

export class TimesWriter {
  private readonly ways: number[] = [];
  private readonly differences = new NumbersWriter();
  private before = 0;

  constructor(private readonly lately: LatelyMet) {}

  add(ms: number): void {
    const index = this.lately.indexOf(ms);
    if (index >= 0) this.ways.push(again + index);
    else {
      const [toLast, toBefore] = [ms - this.lately.last, ms - this.before];
      const nearer = Math.abs(toBefore) < Math.abs(toLast);
      this.ways.push(nearer ? byColumn : byLast);
      this.differences.add(nearer ? toBefore : toLast);
    }
    this.lately.meet(ms, index);
    this.before = ms;
  }

  writeTo(out: ByteWriter): void {
    for (const way of this.ways) out.byte(way);
    this.differences.writeTo(out);
  }
}

/** Of a column of `count` times; they must be taken in the order in which they were written, of all columns together. */
export const readTimes = (from: ByteReader, count: number, lately: LatelyMet): (() => number) => {
  const ways = from.take(count);
  let told = 0;
  for (const way of ways) if (way < again) told += 1;
  const difference = readNumbers(from, told);
  let before = 0;
  let at = 0;
  return () => {
    const way = ways[at++]!;
    const index = way < again ? -1 : way - again;
    const ms = index >= 0 ? lately.at(index) : (way === byColumn ? before : lately.last) + difference();
    if (ms === undefined || ms < 0 || ms > msMax) throw new MalformedBytes('a time is none');
    lately.meet(ms, index);
    before = ms;
    return ms;
  };
};
