import type { Injected } from './injections.js';

interface Line {
  injected: number;
  found: number;
}

/** What was injected, and what was found of it. */
export class Tally {
  readonly lines = new Map<string, Line>();
  readonly missed: string[] = [];
  readonly falseAlarms: string[] = [];
  /** Looks at a subject, by any sensor. */
  looks = 0;
  written = 0;
  untouchedAlarms = 0;

  get injected(): number {
    return [...this.lines.values()].reduce((sum, line) => sum + line.injected, 0);
  }

  untouched(found: readonly string[]): void {
    this.untouchedAlarms += found.length;
  }

  /** `found`: names of all findings that stand after the look. */
  round(injected: readonly Injected[], found: readonly string[]): void {
    const names = new Set(found);
    const allowed = new Set(injected.flatMap((i) => [...i.expected, ...i.implied]));
    for (const { what, expected } of injected) {
      const line = this.lines.get(what) ?? { injected: 0, found: 0 };
      const lacking = expected.filter((name) => !names.has(name));
      this.lines.set(what, { injected: line.injected + 1, found: line.found + (lacking.length === 0 ? 1 : 0) });
      this.missed.push(...lacking.map((name) => `${what}: ${name}`));
    }
    this.falseAlarms.push(...found.filter((name) => !allowed.has(name)));
  }
}

export const tableOf = (tally: Tally, seed: number): string => {
  const rows = [...tally.lines].map(([what, { injected, found }]) => [what, injected, found, injected - found]);
  const found = rows.reduce((sum, row) => sum + Number(row[2]), 0);
  const alarms = tally.falseAlarms.length + tally.untouchedAlarms;
  return [
    `Injected drift, seed ${seed}, with ${tally.written} writes meanwhile`,
    ...[['', 'injected', 'found', 'missed'], ...rows, ['all', tally.injected, found, tally.injected - found]].map(
      ([what, ...figures]) => String(what).padEnd(36) + figures.map((f) => String(f).padStart(10)).join(''),
    ),
    `false alarms: ${alarms} in ${tally.looks} looks at a subject`,
  ].join('\n');
};
