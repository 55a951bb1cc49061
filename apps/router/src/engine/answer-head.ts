import { connectionTokens, responseHeaders } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import { interimHeaders } from '@lapidary/stamp-sdk/forward/relay-interim';
import { requestIdHeader } from '@lapidary/contracts/workload';
import { keptFields, rawHeadersOf } from '../http1/rebuild-head.js';
import { type ResponseHead } from '../http1/response-head.js';
import type { ClientWriter } from './client-writer.js';

export interface AnswerRules {
  /** Begins with the field that has the request's id, and its line end: so many characters of it. */
  readonly marks: string;
  readonly idLength: number;
  readonly isHead: boolean;
  /** The connection ends behind this answer. */
  readonly close: boolean;
}

/** Ours, whatever the stamp's. */
const version = 'HTTP/1.1 ';

/** Whether the body of an answer has to be framed by us: it is there, and its length is not known. */
export const isChunkedToClient = ({ status, lengths }: ResponseHead, isHead: boolean): boolean =>
  !isHead && status !== 204 && status !== 304 && lengths === 0;

/** A Connection field that names others: what it names is for one hop only too. Rare enough to be taken apart. */
const fieldsWithoutNamed = (bytes: Buffer, head: ResponseHead): string => {
  const raw = rawHeadersOf(bytes, head);
  if (connectionTokens(raw).size === 0) return keptFields(bytes, head);
  const kept = responseHeaders(raw, { set: { [requestIdHeader]: '' } }, true);
  let text = '';
  for (let i = 0; i + 1 < kept.length; i += 2) text += `${kept[i]}: ${kept[i + 1]}\r\n`;
  const hasLength = head.lengths > 0 && head.status !== 204;
  return hasLength ? `${text}content-length: ${head.contentLength}\r\n` : text;
};

/** From `start` to the last field, without the lines that were cut. */
const addKept = (writer: ClientWriter, bytes: Buffer, start: number, head: ResponseHead): void => {
  let from = start;
  for (let i = 0; i < head.cutCount; i += 1) {
    const cutFrom = head.cuts[2 * i]!;
    if (cutFrom > from) writer.addBytes(bytes, from, cutFrom);
    from = head.cuts[2 * i + 1]!;
  }
  if (head.fieldsEnd > from) writer.addBytes(bytes, from, head.fieldsEnd);
};

const addLines = (writer: ClientWriter, bytes: Buffer, head: ResponseHead): void => {
  if (head.oddConnection) {
    writer.add(version);
    writer.addBytes(bytes, head.statusStart, head.fieldsStart);
    return writer.add(fieldsWithoutNamed(bytes, head));
  }
  if (head.http10) writer.add(version);
  addKept(writer, bytes, head.http10 ? head.statusStart : head.statusStart - version.length, head);
  // A length on 204 is forbidden (RFC 9110 §8.6); one with leading zeros is written anew.
  if (head.lengthWasCut && head.status !== 204) writer.add(`content-length: ${head.contentLength}\r\n`);
};

/** The same of an answer that is not the last: no content follows, so nothing frames it, and it is the stamp's word alone. */
export const addInterimHead = (writer: ClientWriter, bytes: Buffer, head: ResponseHead): void => {
  const isPlain = head.lengths === 0 && !head.oddConnection && !head.http10;
  if (isPlain) addKept(writer, bytes, head.statusStart - version.length, head);
  else {
    writer.add(version);
    writer.addBytes(bytes, head.statusStart, head.fieldsStart);
    const fields = interimHeaders(rawHeadersOf(bytes, head), { set: { [requestIdHeader]: '' } }, true);
    for (let i = 0; i + 1 < fields.length; i += 2) writer.add(`${fields[i]}: ${fields[i + 1]}\r\n`);
  }
  writer.add('\r\n');
};

/** Adds the head of an answer as the client gets it: its own bytes, without what is for one hop, with our framing and request id. */
export const addAnswerHead = (writer: ClientWriter, bytes: Buffer, head: ResponseHead, rules: AnswerRules): void => {
  addLines(writer, bytes, head);
  if (isChunkedToClient(head, rules.isHead)) writer.add('transfer-encoding: chunked\r\n');
  writer.add(rules.marks, rules.idLength);
  writer.add(rules.close ? 'connection: close\r\n\r\n' : '\r\n');
};
