import type { Counter, Gauge, Histogram } from 'prom-client';

/**
 * Metrics of the hot path: prom-client makes a hash of its labels at each call, which is a microsecond. These count in plain fields and
 * tell when the metric is read.
 */

/** prom-client calls it before it reads a metric; its types know of it in the constructor only. */
const beforeRead = (metric: Counter | Gauge, tell: () => void): void => {
  Object.assign(metric, { collect: tell });
};

/** A gauge without labels, by what it is when it is read. */
export const gaugeOf = (gauge: Gauge, read: () => number): void => beforeRead(gauge, () => gauge.set(read()));

interface Count {
  count: number;
}

/** A counter with one label. */
export class CounterTally {
  private readonly counts = new Map<string, Count>();
  /** Of the value that came last: the same one comes again and again. */
  private lastValue = '';
  private last: Count | null = null;

  constructor(counter: Counter, label: string) {
    beforeRead(counter, () => {
      for (const [value, { count }] of this.counts) counter.inc({ [label]: value }, count);
      this.counts.clear();
      this.last = null;
    });
  }

  add(value: string): void {
    if (this.last !== null && value === this.lastValue) this.last.count += 1;
    else this.addOther(value);
  }

  private addOther(value: string): void {
    let counted = this.counts.get(value);
    if (counted === undefined) this.counts.set(value, (counted = { count: 0 }));
    counted.count += 1;
    this.last = counted;
    this.lastValue = value;
  }
}

/** A counter with two labels; the second has few values. */
export class CounterTable {
  private readonly counts = new Map<string, Map<string, Count>>();
  /** As in CounterTally. */
  private lastA = '';
  private lastB = '';
  private last: Count | null = null;

  constructor(counter: Counter, labels: readonly [string, string]) {
    const [first, second] = labels;
    beforeRead(counter, () => {
      for (const [a, row] of this.counts) for (const [b, { count }] of row) counter.inc({ [first]: a, [second]: b }, count);
      this.counts.clear();
      this.last = null;
    });
  }

  add(a: string, b: string): void {
    if (this.last !== null && a === this.lastA && b === this.lastB) this.last.count += 1;
    else this.addOther(a, b);
  }

  private addOther(a: string, b: string): void {
    let row = this.counts.get(a);
    if (row === undefined) this.counts.set(a, (row = new Map()));
    let counted = row.get(b);
    if (counted === undefined) row.set(b, (counted = { count: 0 }));
    counted.count += 1;
    this.last = counted;
    this.lastA = a;
    this.lastB = b;
  }
}

interface Observed {
  readonly counts: Float64Array;
  sum: number;
}

/** What prom-client's types leave out. */
interface ReadHistogram {
  getForPromString(): Promise<{ readonly name: string; readonly values: unknown[] }>;
}

/** A histogram with one label; takes the place of prom-client's own count. */
export class HistogramTally {
  private readonly observed = new Map<string, Observed>();
  /** As in CounterTally; what was observed is never cleared. */
  private lastValue = '';
  private last: Observed | null = null;

  /** `bounds`: upper edges, ascending; as the histogram's. */
  constructor(
    histogram: Histogram,
    private readonly label: string,
    private readonly bounds: readonly number[],
  ) {
    const read = histogram as unknown as ReadHistogram;
    const { getForPromString } = read;
    // What both ways of reading it go through.
    read.getForPromString = async () => {
      const page = await getForPromString.call(histogram);
      return { ...page, values: [...this.observed].flatMap(([value, observed]) => this.values(page.name, value, observed)) };
    };
  }

  observe(value: string, number: number): void {
    const observed = this.last !== null && value === this.lastValue ? this.last : this.find(value);
    let bucket = 0;
    while (bucket < this.bounds.length && number > this.bounds[bucket]!) bucket += 1;
    observed.counts[bucket]! += 1;
    observed.sum += number;
  }

  private find(value: string): Observed {
    let observed = this.observed.get(value);
    if (observed === undefined) this.observed.set(value, (observed = { counts: new Float64Array(this.bounds.length + 1), sum: 0 }));
    this.last = observed;
    this.lastValue = value;
    return observed;
  }

  /** As prom-client writes them: cumulative, one for each edge, then the sum and the count. */
  private values(name: string, value: string, { counts, sum }: Observed): unknown[] {
    const sharedLabels = { [this.label]: value };
    let total = 0;
    const buckets = [...this.bounds, '+Inf'].map((le, i) => {
      total += counts[i]!;
      return { labels: { le }, value: total, metricName: `${name}_bucket`, exemplar: null, sharedLabels };
    });
    return [
      ...buckets,
      { labels: {}, value: sum, metricName: `${name}_sum`, sharedLabels },
      { labels: {}, value: total, metricName: `${name}_count`, sharedLabels },
    ];
  }
}
