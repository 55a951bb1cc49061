import { latin1 } from './characters.js';
import { field, FieldScan, readField } from './fields.js';
import { type HeadRecord } from './head-record.js';

/** What is from `start` to the last field, without the lines that were cut. */
const keptFrom = (bytes: Buffer, start: number, head: HeadRecord): string => {
  let text = '';
  let from = start;
  for (let i = 0; i < head.cutCount; i += 1) {
    const cutFrom = head.cuts[2 * i]!;
    if (cutFrom > from) text += latin1(bytes, from, cutFrom);
    from = head.cuts[2 * i + 1]!;
  }
  return head.fieldsEnd > from ? text + latin1(bytes, from, head.fieldsEnd) : text;
};

/** The head's fields as they came, without the lines that were cut and without the empty line at the end. */
export const keptFields = (bytes: Buffer, head: HeadRecord): string => keptFrom(bytes, head.fieldsStart, head);

/** As keptFrom, of a head that is text already: `text` begins at the offset `start` of the bytes that were scanned, and ends with its fields. */
export const keptText = (text: string, start: number, head: HeadRecord): string => {
  if (head.cutCount === 0) return text;
  let kept = '';
  let from = start;
  for (let i = 0; i < head.cutCount; i += 1) {
    const cutFrom = head.cuts[2 * i]!;
    if (cutFrom > from) kept += text.slice(from - start, cutFrom - start);
    from = head.cuts[2 * i + 1]!;
  }
  return kept + text.slice(from - start);
};

/** Names and values as Node's parser would give them, for what is decided off the hot path. Allocates. */
export const rawHeadersOf = (bytes: Buffer, head: HeadRecord): string[] => {
  const raw: string[] = [];
  for (let at = head.fieldsStart; readField(bytes, at, head.end) === FieldScan.Field; at = field.next) {
    raw.push(latin1(bytes, field.nameStart, field.nameEnd), latin1(bytes, field.valueStart, field.valueEnd));
  }
  return raw;
};
