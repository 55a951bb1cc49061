/** RFC 4180. What a spreadsheet would run as a formula is led by an apostrophe: values are what tenants' customers wrote. */
export const csvOf = (columns: readonly string[], rows: readonly (readonly unknown[])[]): string => csvHead(columns) + csvRows(rows);

/** The two parts of a table that is written as it comes. */
export const csvHead = (columns: readonly string[]): string => `${columns.join(',')}\r\n`;
export const csvRows = (rows: readonly (readonly unknown[])[]): string => rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');

const cell = (value: unknown): string => {
  const plain = value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const harmless = /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};
