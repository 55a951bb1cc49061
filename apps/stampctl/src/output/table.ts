import Table from 'cli-table3';
import { harmlessCell } from './harmless.js';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Only with -o wide. */
  readonly wide?: boolean;
  readonly align?: 'left' | 'right';
}

const noLines = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ',
}; // oxfmt-ignore
const style = { 'padding-left': 0, 'padding-right': 0, head: [], border: [] };

/** Plain columns without lines: easy on the eye, on grep and on awk. */
export const renderTable = <Row>(columns: readonly Column<Row>[], rows: readonly Row[], wide: boolean): string => {
  const shown = columns.filter((c) => wide || c.wide !== true);
  const table = new Table({ head: shown.map((c) => c.title), chars: noLines, style, colAligns: shown.map((c) => c.align ?? 'left') });
  for (const row of rows) table.push(shown.map((c) => harmlessCell(c.cell(row)) || '-'));
  return trimLines(table.toString());
};

/** Rows whose last column wraps at `width`; the others keep the given widths. For texts that must fit a terminal. */
export const renderWrapped = (rows: readonly (readonly string[])[], widths: readonly number[], width: number): string => {
  const fixed = widths.reduce((sum, w) => sum + w + noLines.middle.length, 0);
  const colWidths = [...widths, Math.max(20, width - fixed)];
  const table = new Table({ chars: noLines, style, colWidths, wordWrap: true });
  for (const row of rows) table.push(row.map(harmlessCell));
  return trimLines(table.toString());
};

/** "name:  value" lines, aligned. Rows without a value are left out; a line feed in a value is spelled out, else its next line would pass for another fact. */
export const renderFacts = (facts: readonly (readonly [string, string | number | null | undefined])[]): string => {
  const present = facts.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(...present.map(([name]) => name.length)) + 1;
  return present.map(([name, value]) => `${`${name}:`.padEnd(width)}  ${harmlessCell(String(value))}`).join('\n');
};

const trimLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
