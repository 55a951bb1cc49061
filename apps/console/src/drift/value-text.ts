/** A value of any shape on one line; null is nothing at all. */
export const valueText = (value: unknown): string =>
  value === null || value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value);
