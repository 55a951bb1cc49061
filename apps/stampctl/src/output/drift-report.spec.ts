import { aDriftRun, aFinding } from '@lapidary/testing/fake-drift-routes';
import { reportAsCsv, reportAsHtml, reportAsMarkdown, trendOf, type DriftReport } from './drift-report.js';

const nasty = '<script>alert(1)</script> | `x` "q" =1+1';
const report = (): DriftReport => ({
  at: '2026-01-02T03:04:05.000Z',
  missing: [{ region: 'us', why: 'cut off' }],
  regions: [
    {
      status: {
        region: 'eu',
        open: { info: 0, warning: 1, critical: 0 },
        suppressed: 0,
        oldestOpen: '2026-01-01T00:00:00.000Z',
        lastRun: aDriftRun(),
        blind: ['version'],
        nextRunAt: null,
      },
      findings: [aFinding({ observed: nasty })],
      trend: trendOf([aDriftRun({ appeared: 2 })]),
    },
  ],
});

describe('a drift report', () => {
  it('adds up the runs of each day, and leaves out those that did not end', () => {
    const on = (day: string, more: Parameters<typeof aDriftRun>[0] = {}) =>
      aDriftRun({ createdAt: `${day}T10:00:00.000Z`, sensors: [], ...more });
    expect(
      trendOf([
        on('2026-01-02', { appeared: 2 }),
        on('2026-01-01', { resolved: 1 }),
        on('2026-01-02', { appeared: 1 }),
        on('2026-01-02', { status: 'failed', appeared: 9 }),
      ]),
    ).toEqual([
      { day: '2026-01-01', runs: 1, appeared: 0, resolved: 1, blind: [] },
      { day: '2026-01-02', runs: 2, appeared: 3, resolved: 0, blind: [] },
    ]);
    expect(trendOf([aDriftRun()])[0]!.blind).toEqual(['ring-sibling']);
  });

  it('says in Markdown and HTML what stands, what is missing and which sensors are blind', () => {
    for (const text of [reportAsMarkdown(report()), reportAsHtml(report())]) {
      expect(text).toContain('us is missing from this report');
      expect(text).toContain('blind: version');
      expect(text).toContain('stamp/eu-1');
    }
  });

  it('lets no value out of its cell', () => {
    expect(reportAsHtml(report())).not.toContain('<script>');
    const row = reportAsMarkdown(report())
      .split('\n')
      .find((line) => line.includes('alert'))!;
    expect(row.replaceAll(/\\./g, '').split('|')).toHaveLength(15);
    expect(row).not.toMatch(/[^\\]</);
  });

  it('is one row a finding as CSV, and runs no formula', () => {
    const [head, row, end] = reportAsCsv({
      ...report(),
      regions: [{ ...report().regions[0]!, findings: [aFinding({ observed: '=1+1' })] }],
    }).split('\r\n');
    expect(head).toMatch(/^region,severity,state,kind,subject/);
    expect(row).toContain(",'=1+1,");
    expect(end).toBe('');
  });
});
