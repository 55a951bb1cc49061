import type { AuditEntry, ChainReport } from '@lapidary/contracts/api/system';
import type { View } from './output.js';
import { renderTable } from './table.js';

/** `2026-11-01 10:00:00Z`: rows are compared with logs and other people's clocks, so the time is exact. */
const exact = (at: string): string => `${at.slice(0, 19).replace('T', ' ')}Z`;

export const auditTable = (entries: readonly AuditEntry[], view: View): string =>
  renderTable(
    [
      { title: 'WHEN', cell: (e) => exact(e.at) },
      { title: 'WHO', cell: (e) => e.actor },
      { title: 'WHAT', cell: (e) => view.colours.bold(e.action) },
      { title: 'SUBJECT', cell: (e) => e.subject },
      { title: 'WHY', cell: (e) => e.reason ?? '-', wide: true },
      { title: 'REQUEST', cell: (e) => e.requestId, wide: true },
      { title: 'ROW', cell: (e) => (e.sequence === null ? 'not sealed' : String(e.sequence)), align: 'right', wide: true },
    ],
    entries,
    view.wide,
  );

export const chainText = ({ checked, broken }: ChainReport, view: View): string => {
  const rows = checked.toLocaleString('en');
  return broken === null
    ? view.colours.green(`unbroken: ${rows} rows are as they were written`)
    : `${view.colours.red(`broken at ${broken.sequence.toLocaleString('en')}: ${broken.why}`)}; ${rows} rows before it are good`;
};
