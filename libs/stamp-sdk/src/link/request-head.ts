import type { RequestLine } from '../forward/request-check.js';

/** Methods as Node's parser takes them at the front door: capitals, and hyphens within (VERSION-CONTROL). */
const linePattern = /^([A-Z]+(?:-[A-Z]+)*) ([!-~]+) HTTP\/1\.1$/;
/** A token (RFC 9110 §5.6.2), and text without control characters but tab: no folding, no bare CR or LF, no NUL. */
const namePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** Without the optional space around it; trim() would take characters off that belong to the value. */
const withoutBlanks = (text: string): string => {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
};

/**
 * A head as it came over a link, in latin1, taken apart; null where it has more than one reading. The router has scanned it
 * once already, but what goes on to a workload is never taken on trust.
 */
export const parseRequestHead = (text: string): RequestLine | null => {
  if (!text.endsWith('\r\n\r\n')) return null;
  const lines = text.slice(0, -4).split('\r\n');
  const line = linePattern.exec(lines[0]!);
  if (line === null) return null;
  const rawHeaders: string[] = [];
  for (let i = 1; i < lines.length; i++) {
    const field = lines[i]!;
    const colon = field.indexOf(':');
    const name = field.slice(0, Math.max(0, colon));
    const value = withoutBlanks(field.slice(colon + 1));
    if (!namePattern.test(name) || !valuePattern.test(value)) return null;
    rawHeaders.push(name, value);
  }
  return { method: line[1]!, url: line[2]!, httpVersion: '1.1', rawHeaders };
};
