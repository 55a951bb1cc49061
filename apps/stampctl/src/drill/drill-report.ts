import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Killed } from './drill-processes.js';
import type { PhaseCount } from './drill-traffic.js';

export interface DrillReport {
  readonly drill: 'control-plane-down';
  readonly startedAt: string;
  readonly passed: boolean;
  readonly path: string;
  readonly tenants: number;
  readonly downMs: number;
  /** From letting the supervisor go on to every control plane saying that it is ready. */
  readonly backAfterMs: number;
  readonly killed: readonly Killed[];
  /** What took connections in the outage though it was to be dead. */
  readonly alive: readonly string[];
  readonly counts: readonly PhaseCount[];
  readonly failures: readonly string[];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const outcomeOf = ({ passed, alive, counts }: DrillReport): string => {
  if (passed) return 'Passed: no request failed while everything that decides was dead (I7).';
  if (alive.length > 0) return 'Failed: not everything that decides was dead, so that this shows nothing.';
  const failedIn = [...new Set(counts.filter(({ errors }) => errors > 0).map(({ phase }) => phase))];
  if (failedIn.includes('down')) return 'Failed: requests failed while everything that decides was dead.';
  return failedIn.length > 0
    ? `Failed: requests failed ${failedIn.join(' and ')} the outage.`
    : 'Failed: no request was made in the outage, so that this shows nothing.';
};

export const drillMarkdown = (report: DrillReport): string =>
  [
    `# Drill: control plane down, ${report.startedAt}`,
    '',
    outcomeOf(report),
    '',
    `\`GET ${report.path}\` for ${report.tenants} tenants, through each router. Down for ${seconds(report.downMs)}; all back ${seconds(report.backAfterMs)} after being let.`,
    '',
    '| Router | Phase | Requests | Errors | Slowest |',
    '| --- | --- | --- | --- | --- |',
    ...report.counts.map((c) => `| ${c.router} | ${c.phase} | ${c.requests} | ${c.errors} | ${Math.round(c.slowestMs)} ms |`),
    '',
    ...(report.alive.length > 0 ? [`Alive all the same: ${report.alive.join(', ')}.`, ''] : []),
    `Killed: ${report.killed.map(({ name, pid }) => `${name} (${pid})`).join(', ')}.`,
    ...(report.failures.length > 0 ? ['', '## Failures', '', ...report.failures.map((failure) => `- ${failure}`)] : []),
    '',
  ].join('\n');

/** Writes `<time>-control-plane-down.{md,json}`; the paths. */
export const writeDrillReport = async (folder: string, report: DrillReport): Promise<{ markdown: string; json: string }> => {
  await mkdir(folder, { recursive: true });
  const base = join(folder, `${report.startedAt.replaceAll(/[:.]/g, '-')}-${report.drill}`);
  const files = { markdown: `${base}.md`, json: `${base}.json` };
  await writeFile(files.markdown, drillMarkdown(report));
  await writeFile(files.json, `${JSON.stringify(report, null, 2)}\n`);
  return files;
};
