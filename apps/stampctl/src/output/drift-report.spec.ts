import { aDriftDay, aDriftRun, aFinding } from '@lapidary/testing/fake-drift-routes';
import { reportAsCsv, reportAsHtml, reportAsMarkdown, type DriftReport } from './drift-report.js';

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
        isOverdue: false,
        failed: null,
        quarantined: 0,
      },
      findings: [aFinding({ observed: nasty })],
      trend: [aDriftDay({ day: '2026-01-01' })],
    },
  ],
});

describe('a drift report', () => {
  it('does not call it order where nobody has looked, or could', () => {
    const region = report().regions[0]!;
    const of = (status: Partial<typeof region.status>): DriftReport => ({
      ...report(),
      regions: [{ ...region, findings: [], status: { ...region.status, ...status } }],
    });
    const failed = { runs: 3, at: '2026-01-02T00:00:00.000Z', error: 'the <database> was away' };
    for (const render of [reportAsMarkdown, reportAsHtml]) {
      expect(render(of({}))).toContain('Nothing differs.');
      for (const status of [{ isOverdue: true }, { lastRun: null }, { failed }]) {
        expect(render(of(status))).not.toContain('Nothing differs.');
        expect(render(of(status))).toMatch(/Nobody has looked|3 looks failed since/);
      }
      expect(render(of({ failed }))).not.toContain('<database>');
      expect(render(of({ quarantined: 2 }))).toContain('2 quarantined');
    }
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
    expect(row.replaceAll(/\\./g, '').split('|')).toHaveLength(16);
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
