import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One measured quantity of one subject: the samples of all rounds. */
export interface Measurement {
  readonly subject: string;
  readonly metric: string;
  readonly unit: string;
  readonly samples: readonly number[];
  /** Subjects that this one is compared with, by the ratio of medians; must be measured in the same run. */
  readonly peer?: string | readonly string[];
}

interface Row {
  readonly subject: string;
  readonly metric: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly p99: number;
  readonly samples: number;
  readonly ratioTo: Record<string, number>;
}

export const quantile = (samples: readonly number[], q: number): number => {
  if (samples.length === 0) return Number.NaN;
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
};

const short = (value: number): number => Number(value.toPrecision(4));

/** Prints the table and writes `.lapidary/bench/<name>.json`. */
export const report = (name: string, command: string, measurements: readonly Measurement[]): void => {
  const rows = measurements.map((m): Row => {
    const names = m.peer === undefined ? [] : [m.peer].flat();
    const peers = measurements.filter((other) => names.includes(other.subject) && other.metric === m.metric);
    return {
      subject: m.subject,
      metric: m.metric,
      unit: m.unit,
      median: short(quantile(m.samples, 0.5)),
      min: short(Math.min(...m.samples)),
      max: short(Math.max(...m.samples)),
      p99: short(quantile(m.samples, 0.99)),
      samples: m.samples.length,
      ratioTo: Object.fromEntries(peers.map((p) => [p.subject, short(quantile(m.samples, 0.5) / quantile(p.samples, 0.5))])),
    };
  });
  const header = ['subject', 'metric', 'unit', 'n', 'min', 'median', 'p99', 'max', 'ratio'];
  const lines = rows.map((r) => [
    r.subject,
    r.metric,
    r.unit,
    String(r.samples),
    String(r.min),
    String(r.median),
    String(r.p99),
    String(r.max),
    Object.entries(r.ratioTo)
      .map(([peer, ratio]) => `${ratio} × ${peer}`)
      .join(', '),
  ]);
  const widths = header.map((h, i) => Math.max(h.length, ...lines.map((l) => l[i]!.length)));
  for (const line of [header, ...lines])
    process.stdout.write(
      `${line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd()}\n`,
    );
  const folder = join(import.meta.dirname, '../.lapidary/bench');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ name, command, rows }, null, 2)}\n`);
};
