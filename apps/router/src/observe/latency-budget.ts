import { LogHistogram } from './log-histogram.js';

export type Hop = 'wait' | 'stamp';

interface HopTarget {
  readonly hop: Hop;
  readonly means: string;
  /** Share of a second that a page may take to its first byte, from which each hop's time-out is derived, too. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The budget (P-LB1, P-LB3): what each hop may take at the median and at the 99th percentile. */
export const hopTargets: readonly HopTarget[] = [
  {
    hop: 'wait',
    means: 'in the router until it is admitted: deciding, held back by a limit, in a compartment’s queue',
    p50Ms: 1,
    p99Ms: 5,
  },
  { hop: 'stamp', means: 'from the start of the forward to the head of the stamp’s answer', p50Ms: 50, p99Ms: 500 },
];

export type HopCounts = Readonly<Record<Hop, Uint32Array>>;

export interface HopReading extends HopTarget {
  readonly samples: number;
  readonly measuredP50Ms: number | null;
  readonly measuredP95Ms: number | null;
  readonly measuredP99Ms: number | null;
  readonly verdict: 'within' | 'over' | 'nothing measured';
}

/** Long enough for a p99 at a few requests per second. */
const windowMs = 60_000;

/** Time per hop against its target, over the last one to two minutes (P-LB4). */
export class LatencyBudget {
  private present = histograms();
  private last = histograms();
  private startedMs = 0;

  add(hop: Hop, ms: number, nowMs: number): void {
    this.roll(nowMs);
    // Not by its name: what it is of is asked for each request.
    (hop === 'wait' ? this.present.wait : this.present.stamp).add(ms);
  }

  /** Buckets of each hop, of LogHistogram. */
  read(nowMs: number): HopCounts {
    this.roll(nowMs);
    const both = histograms();
    for (const { hop } of hopTargets) for (const part of [this.present, this.last]) both[hop].addAll(part[hop].read());
    return { wait: both.wait.read(), stamp: both.stamp.read() };
  }

  private roll(nowMs: number): void {
    if (nowMs - this.startedMs < windowMs) return;
    const isNext = nowMs - this.startedMs < 2 * windowMs;
    this.last = isNext ? this.present : histograms();
    this.present = histograms();
    this.startedMs = nowMs;
  }
}

/** Each hop against its target, over all threads that measured it. */
export const hopReadings = (counted: readonly HopCounts[]): HopReading[] =>
  hopTargets.map((target) => {
    const all = new LogHistogram();
    for (const counts of counted) all.addAll(counts[target.hop]);
    const [measuredP50Ms, measuredP95Ms, measuredP99Ms] = [0.5, 0.95, 0.99].map((part) => all.quantileMs(part)) as [
      number | null,
      number | null,
      number | null,
    ];
    const isOver = (measuredP50Ms ?? 0) > target.p50Ms || (measuredP99Ms ?? 0) > target.p99Ms;
    const verdict = all.total === 0 ? 'nothing measured' : isOver ? 'over' : 'within';
    return { ...target, samples: all.total, measuredP50Ms, measuredP95Ms, measuredP99Ms, verdict };
  });

const histograms = (): Record<Hop, LogHistogram> => ({ wait: new LogHistogram(), stamp: new LogHistogram() });
