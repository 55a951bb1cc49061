import { connectionTokens, responseHeaders } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import { requestIdHeader } from '@lapidary/contracts/workload';
import { latin1 } from '../http1/characters.js';
import { keptFields, keptFrom, rawHeadersOf } from '../http1/rebuild-head.js';
import { type ResponseHead } from '../http1/response-head.js';

export interface AnswerRules {
  /** The field with the request's id, and its line end. */
  readonly idLine: string;
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

/** The head of an answer as the client gets it: its own bytes, without what is for one hop, with our framing and request id. */
export const answerHead = (bytes: Buffer, head: ResponseHead, { idLine, isHead, close }: AnswerRules): string => {
  const kept = head.oddConnection
    ? latin1(bytes, head.statusStart, head.fieldsStart) + fieldsWithoutNamed(bytes, head)
    : keptFrom(bytes, head.http10 ? head.statusStart : head.statusStart - version.length, head);
  const begin = head.http10 || head.oddConnection ? version : '';
  // A length on 204 is forbidden (RFC 9110 §8.6); one with leading zeros is written anew.
  const length = head.lengthWasCut && !head.oddConnection && head.status !== 204 ? `content-length: ${head.contentLength}\r\n` : '';
  const framing = isChunkedToClient(head, isHead) ? 'transfer-encoding: chunked\r\n' : length;
  return begin + kept + framing + idLine + (close ? 'connection: close\r\n\r\n' : '\r\n');
};
