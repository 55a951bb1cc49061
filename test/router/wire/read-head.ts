import type { Habits } from './habits.ts';

export interface Head {
  readonly startLine: string;
  /** Names as written, values without the blanks around them. */
  readonly headers: readonly (readonly [string, string])[];
  /** Offset behind the empty line. */
  readonly end: number;
}

export type Found<T> =
  | { readonly kind: 'whole'; readonly value: T }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'refused'; readonly why: string };

export const whole = <T>(value: T): Found<T> => ({ kind: 'whole', value });
export const refusedBy = (why: string): Found<never> => ({ kind: 'refused', why });
export const incomplete: Found<never> = { kind: 'incomplete' };

/** One line from `at`: its text without the end, and the offset behind it. */
export const readLine = (bytes: string, at: number, habits: Habits): Found<{ readonly text: string; readonly end: number }> => {
  const lf = bytes.indexOf('\n', at);
  if (lf < 0) return incomplete;
  const hasCr = lf > at && bytes[lf - 1] === '\r';
  if (!hasCr && habits.bareLf === 'refuse') return refusedBy('a line ends with LF alone');
  const text = bytes.slice(at, hasCr ? lf - 1 : lf);
  if (habits.bareLf === 'refuse' && text.includes('\r')) return refusedBy('CR within a line');
  return whole({ text, end: lf + 1 });
};

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const readHeader = (text: string, habits: Habits): Found<[string, string]> => {
  const colon = text.indexOf(':');
  if (colon < 0) return habits.bareLf === 'refuse' ? refusedBy('a header without a colon') : whole([text, '']);
  const name = text.slice(0, colon);
  const value = text.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
  if (/\s$/.test(name) && habits.spaceBeforeColon !== 'part of the name')
    return habits.spaceBeforeColon === 'refuse' ? refusedBy('a blank before the colon') : whole([name.trim(), value]);
  if (!token.test(name) && habits.spaceBeforeColon === 'refuse') return refusedBy(`"${name}" is no header name`);
  return whole([name, value]);
};

/** Start line and headers from `at`. */
export const readHead = (bytes: string, at: number, habits: Habits): Found<Head> => {
  const first = readLine(bytes, at, habits);
  if (first.kind !== 'whole') return first;
  const headers: [string, string][] = [];
  let { end } = first.value;
  for (;;) {
    const line = readLine(bytes, end, habits);
    if (line.kind !== 'whole') return line;
    const { text } = line.value;
    end = line.value.end;
    if (text === '') return whole({ startLine: first.value.text, headers, end });
    const last = headers.at(-1);
    if (/^[ \t]/.test(text) && habits.fold !== 'header of its own') {
      if (habits.fold === 'refuse' || last === undefined) return refusedBy('a folded header');
      last[1] = `${last[1]} ${text.trim()}`;
      continue;
    }
    const header = readHeader(habits.fold === 'header of its own' ? text.trimStart() : text, habits);
    if (header.kind !== 'whole') return header;
    headers.push(header.value);
  }
};

/** Values of a header as a server with these habits finds them; `name` is lower-case. */
export const valuesOf = (head: Pick<Head, 'headers'>, name: string, habits: Habits): string[] =>
  head.headers
    .filter(([n]) => {
      const lower = n.toLowerCase();
      return (habits.underscores ? lower.replaceAll('_', '-') : lower) === name;
    })
    .map(([, value]) => value);
